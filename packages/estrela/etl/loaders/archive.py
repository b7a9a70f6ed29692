"""Moves settled files to the archive: a step of its own, which never causes a second load."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import GoneError, Landed, LandedFiles
from estrela.model.feed import Feed

WAITING = """
SELECT id, bucket, key, version, etag, size, registered_at FROM ledger.files
WHERE feed = %s AND state IN ('Done', 'Filtered Out') AND archived_at IS NULL ORDER BY id LIMIT 1000
"""
ARCHIVED = "UPDATE ledger.files SET archived_at = clock_timestamp(), archive_uri = %s WHERE id = %s"


@dataclass(frozen=True)
class Archive:
    """The archive: ``bucket``, and the ``prefix`` of its keys, ``PREFIX FEED/YYYY/MM/DD/FILE/NAME``.

    No notification may be configured for the prefix.
    """

    database: DatabaseManager
    files: LandedFiles
    bucket: str
    prefix: str = "archive/"

    def archive(self, feed: Feed) -> int:
        """Move what is done or filtered out; return how many files. Repeated after a kill, it finishes what is left.

        A version that was overwritten before is noted as archived nowhere. Raises LoadError.
        """
        with self.database.transaction("ledger.files") as cursor:
            waiting = cursor.execute(WAITING, (feed.name,)).fetchall()
        for id_, bucket, key, version, etag, size, registered_at in waiting:
            name = f"{self.prefix}{feed.name}/{registered_at:%Y/%m/%d}/{id_}/{key.rpartition('/')[2]}"
            uri: str | None = f"s3://{self.bucket}/{name}"
            try:
                self.files.move(Landed(bucket, key, version, etag, size), self.bucket, name)
            except GoneError:
                uri = None
            with self.database.transaction("ledger.files") as cursor:
                cursor.execute(ARCHIVED, (uri, id_))
        return len(waiting)
