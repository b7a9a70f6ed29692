"""Extractor of S3 objects, read in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import ExtractError, SourceChangedError, SourceRejectedError, SourceUnavailableError
from estrela.etl.extractors.raw_extractor import RawExtractor, Result
from estrela.etl.raw.raw_file import Page, RawAnswer
from estrela.etl.raw.receipt import Receipt
from estrela.etl.raw.request_id import request_id
from estrela.hooks.body import Body
from estrela.hooks.parallel import in_completion_order

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READERS = 8
CHUNK = 1 << 20


@dataclass(frozen=True)
class S3Object:
    """An object of a source as listed. ``sha256`` and ``size`` are the expected values, if known."""

    key: str
    asked: Mapping[str, str]
    etag: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class S3Extractor(RawExtractor[S3Object]):
    """A RawExtractor whose items are objects of ``bucket``, read through ``client``."""

    client: S3Client
    bucket: str

    def listed(self, prefix: str) -> Iterator[S3Object]:
        """Yield the objects below a prefix. The request of an object is its key."""
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield S3Object(entry["Key"], {"key": entry["Key"]}, entry["ETag"], entry["Size"])
        except (ClientError, BotoCoreError) as error:
            raise self._error(prefix, error) from error

    def fetch(self, items: Sequence[S3Object], receipt: Receipt) -> Iterator[tuple[S3Object, Result]]:
        """Read the objects that are new or changed, by ETag and size."""
        yield from in_completion_order(
            lambda item: (item, self._answer(receipt, item)), items, READERS, self.source.name
        )

    def read(self, item: S3Object) -> Body:
        """Return the content of an object. Raises ExtractError, also if the content differs from the listing."""
        if not item.etag:
            raise SourceUnavailableError(self.source.name, f"{self.url(item.key)} is in a manifest, but does not exist")
        body = Body()
        try:
            # IfMatch prevents a mixture of two versions if the object is overwritten after it was listed.
            answer = self.client.get_object(Bucket=self.bucket, Key=item.key, IfMatch=item.etag)
            for chunk in answer["Body"].iter_chunks(CHUNK):
                body.append(chunk)
        except (ClientError, BotoCoreError, OSError) as error:
            raise self._error(item.key, error) from error
        self._require_stated(item, body)
        return body

    def url(self, key: str) -> str:
        """Return the URL of an object."""
        return f"s3://{self.bucket}/{key}"

    def _answer(self, receipt: Receipt, item: S3Object) -> Result:
        known = receipt.known.get(request_id(item.asked))
        if (
            known
            and not self.scope.full_refresh
            and [(p.etag, p.size) for p in known.pages] == [(item.etag, item.size)]
        ):
            return None
        try:
            body = self.read(item)
        except ExtractError as error:
            return error
        receipt.store(body)
        page = Page(self.url(item.key), body.size, body.sha256, item.etag)
        body.close()
        return RawAnswer(item.asked, datetime.now(UTC).replace(microsecond=0), (page,))

    def _require_stated(self, item: S3Object, body: Body) -> None:
        if body.size != item.size:
            expected, actual = f"{item.size:,} bytes", f"{body.size:,} bytes"
        elif item.sha256 and body.sha256 != item.sha256.lower():
            expected, actual = f"the sha256 {item.sha256}", f"the sha256 {body.sha256}"
        else:
            return
        raise SourceChangedError(self.source.name, self.url(item.key), expected=expected, received=actual)

    def _error(self, key: str, error: Exception) -> ExtractError:
        if not isinstance(error, ClientError):
            return SourceUnavailableError(self.source.name, f"{self.url(key)}: {type(error).__name__}")
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        problem = f"{self.url(key)}: S3 answered {status} {code}"
        # 404 and 412: the object was removed or overwritten after it was listed; the next run lists it again.
        if code != "NoSuchBucket" and (status in (404, 412, 429) or status >= 500):
            return SourceUnavailableError(self.source.name, problem, status=status)
        return SourceRejectedError(self.source.name, problem, status=status)
