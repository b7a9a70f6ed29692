"""Finds objects that were written without the API, as Spark does, by listing the buckets' folders.

Only buckets with a notification for created objects are listed. Files that existed when the notification was configured
are not announced; files that were written while no server ran are. Files deleted without the API are not noticed.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from localaws.functions.documents import Documents
from localaws.lasting_problems import LastingProblems
from localaws.s3.announcement import Announcement
from localaws.s3.errors import NoSuchBucketError, S3Error
from localaws.s3.info import Identity, ObjectInfo
from localaws.s3.notification_settings import Notifications, notifications_of
from localaws.s3.store import ObjectStore
from localaws.s3.walk import walk

_log = logging.getLogger(__name__)
EVENT = "s3:ObjectCreated:Put"
_PAUSE = 1.0
# A file modified more recently may still be written to, or be announced by the API.
_SETTLED_SECONDS = 2.0
# The pause is at least this many times the duration of the last listing, so that a large bucket does not fill the CPU.
_SHARE = 20
# Spark writes its files here first and then moves them.
_TEMPORARY = "_temporary/"
_SCHEMA = """CREATE TABLE IF NOT EXISTS announced (
    bucket TEXT NOT NULL, key TEXT NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)) WITHOUT ROWID"""


class DirectoryWatch:
    """Lists the buckets' folders again and again, and passes new objects to ``take``."""

    def __init__(self, documents: Documents, store: ObjectStore, take: Callable[[Announcement], None]) -> None:
        self._documents = documents
        self._store = store
        self._take = take
        self._problems = LastingProblems(_log)
        documents.run(_SCHEMA)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="files of buckets", daemon=True)

    def start(self) -> None:
        """Start listing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listing."""
        self._stopped.set()
        self._thread.join()

    def note(self, info: ObjectInfo) -> None:
        """Record that an object was announced, or needs no announcement."""
        values = (info.bucket, *_row(info.key, info.identity))
        self._documents.run("INSERT OR REPLACE INTO announced VALUES (?, ?, ?, ?, ?)", values)

    def begin(self, bucket: str) -> None:
        """Record the present objects of a bucket that got notifications, so that they are not announced."""
        with self._documents.transaction():
            for info in self._unknown(bucket, "", settled=False):
                self.note(info)

    def _run(self) -> None:
        pause = _PAUSE
        while not self._stopped.wait(pause):
            began = time.monotonic()
            for bucket in self._store.buckets.names():
                subject = f"the search for new files in bucket {bucket}"
                try:
                    self._check_bucket(bucket)
                    self._problems.succeeded(subject)
                except NoSuchBucketError:
                    continue  # it was deleted meanwhile
                except (S3Error, OSError) as error:
                    self._problems.failed(subject, error)
            pause = max(_PAUSE, (time.monotonic() - began) * _SHARE)

    def _check_bucket(self, bucket: str) -> None:
        prefixes = _prefixes(notifications_of(bucket))
        for prefix in prefixes:
            for info in self._unknown(bucket, prefix, settled=True):
                if self._stopped.is_set():
                    return
                current, file = self._store.reads.open(bucket, info.key)
                file.close()
                ids = secrets.token_hex(8).upper(), secrets.token_urlsafe(56)
                self._take(Announcement(EVENT, current, *ids, source_ip="127.0.0.1"))
                self.note(current)

    def _unknown(self, bucket: str, prefix: str, *, settled: bool) -> list[ObjectInfo]:
        """Return the files of a bucket that were not announced."""
        query = "SELECT key, inode, size, mtime FROM announced WHERE bucket = ?"
        # plain rows: building an Identity of each would take several times as long as reading them
        known = set(self._documents.run(query, (bucket,)))
        newest = time.time_ns() - int(_SETTLED_SECONDS * 1e9)
        return [
            ObjectInfo(bucket, entry.key, entry.identity)
            for entry in walk(str(self._store.buckets.folder(bucket)), prefix)
            if entry.identity
            and _row(entry.key, entry.identity) not in known
            and _TEMPORARY not in entry.key
            and (not settled or entry.identity.mtime_ns < newest)
        ]


def _row(key: str, identity: Identity) -> tuple[str, int, int, int]:
    return key, identity.inode, identity.size, identity.mtime_ns


def _prefixes(notifications: Notifications) -> list[str]:
    """Return the prefixes of the rules that match created objects."""
    prefixes = [rule.prefix for rule in notifications.rules if rule.takes(EVENT, rule.prefix + rule.suffix)]
    prefixes += [""] if notifications.to_event_bridge else []
    return sorted(
        prefix
        for prefix in set(prefixes)
        if not any(prefix != other and prefix.startswith(other) for other in prefixes)
    )
