"""Extractor that copies files of an FTPS folder to the landing bucket, where the ledger registers them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from estrela.etl.base import Figures
from estrela.etl.extractor import Extractor
from estrela.hooks.database import DatabaseManager
from estrela.hooks.ftps import FtpsFile, FtpsHook
from estrela.model.feed import Feed
from estrela.model.feed_origin import FtpsFolder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TAKEN = """
SELECT 1 AS taken FROM ledger.files WHERE bucket = :bucket AND key = :key AND size = :size AND arrived_at >= :modified
"""


@dataclass(frozen=True)
class FtpsExtractor(Extractor):
    """Extracts new and changed files of ``feed``. ``pause``: seconds between two listings of the folder."""

    feed: Feed
    hook: FtpsHook
    s3: S3Client
    bucket: str
    database: DatabaseManager
    pause: float = 5.0

    def run(self) -> Figures:
        """Copy the files as streams. Raises an ExtractError or ClientError; files copied before stay in the bucket."""
        copied = size = 0
        for file in self._settled():
            key = f"{self.feed.origin.prefix}{file.name}"
            with self.hook.read(file) as stream:
                self.s3.upload_fileobj(cast(BinaryIO, stream), self.bucket, key)
            copied, size = copied + 1, size + file.size
        return {"feed": self.feed.name, "files": copied, "bytes": size}

    def _settled(self) -> Iterator[FtpsFile]:
        """Yield the files that are due and did not change between two listings."""
        due = self._due()
        if due:
            time.sleep(self.pause)
            still = set(self._due())
            yield from (file for file in due if file in still)

    def _due(self) -> list[FtpsFile]:
        origin = cast(FtpsFolder, self.feed.origin)
        listed = self.hook.files(origin.folder)
        files = [file for file in listed if origin.place_of(f"{origin.prefix}{file.name}") is not None]
        return [file for file in files if not self._is_taken(file)]

    def _is_taken(self, file: FtpsFile) -> bool:
        key = f"{self.feed.origin.prefix}{file.name}"
        given = {"bucket": self.bucket, "key": key, "size": file.size, "modified": file.modified}
        return bool(self.database.query(TAKEN, given))
