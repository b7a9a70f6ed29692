"""The archive of settled files. Archiving is a step of its own, so that its retries never load a file again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from estrela.errors import LoadError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import GoneError, Landed, LandedFiles
from estrela.hooks.parallel import in_completion_order
from estrela.model.feed import Feed

WAITING = """
SELECT id, registered_at, bucket, key, version, etag, size FROM ledger.files
WHERE feed = %s AND state IN ('Done', 'Filtered Out') AND archived_at IS NULL ORDER BY id LIMIT 1000
"""
ARCHIVED = """
UPDATE ledger.files f SET archived_at = clock_timestamp(), archive_uri = a.uri
FROM unnest(%s::bigint[], %s::text[]) AS a (id, uri) WHERE f.id = a.id
"""
WORKERS, NOTED_AT_ONCE = 8, 50
"""Number of files moved concurrently, and number of moves recorded per transaction."""


@dataclass(frozen=True)
class Archive:
    """The archive in ``bucket``; its keys are ``<prefix><feed>/YYYY/MM/DD/<file number>/<name>``.

    The bucket must not send notifications for ``prefix``.
    """

    database: DatabaseManager
    files: LandedFiles
    bucket: str
    prefix: str = "archive/"

    def archive(self, feed: Feed) -> int:
        """Move files that are Done or Filtered Out; return their number. After a kill, a repetition moves the rest.

        A version that was overwritten before its move is recorded as archived without an address. If a file cannot be
        moved, the others of its batch of up to 1,000 are still moved; then LoadError is raised.
        """
        moved = 0
        while waiting := self._waiting(feed):
            ended = in_completion_order(self._moved, waiting, WORKERS, "archive")
            failures: list[LoadError] = []
            while some := list(islice(ended, NOTED_AT_ONCE)):
                failures += [outcome for _, outcome in some if isinstance(outcome, LoadError)]
                moved += self._note([(id_, outcome) for id_, outcome in some if not isinstance(outcome, LoadError)])
            if failures:
                raise failures[0]
        return moved

    def _note(self, moved: Sequence[tuple[int, str | None]]) -> int:
        with self.database.transaction("ledger.files") as cursor:
            given = [id_ for id_, _ in moved], [uri for _, uri in moved]
            return cursor.execute(ARCHIVED, given).rowcount

    def _waiting(self, feed: Feed) -> list[tuple[int, Landed, str]]:
        """Return files to be moved, each with its number and its key in the archive."""
        with self.database.transaction("ledger.files") as cursor:
            rows = cursor.execute(WAITING, (feed.name,)).fetchall()
        return [
            (
                id_,
                Landed(*file),
                f"{self.prefix}{feed.name}/{registered_at:%Y/%m/%d}/{id_}/{file[1].rpartition('/')[2]}",
            )
            for id_, registered_at, *file in rows
        ]

    def _moved(self, file: tuple[int, Landed, str]) -> tuple[int, str | LoadError | None]:
        """Move a file; return its number with its new address, with None if it is gone, or with the error."""
        id_, landed, key = file
        try:
            self.files.move(landed, self.bucket, key)
        except GoneError:
            return id_, None
        except LoadError as error:
            return id_, error
        return id_, f"s3://{self.bucket}/{key}"
