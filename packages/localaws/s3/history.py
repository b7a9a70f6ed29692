"""The versions of a key. A kill at any point of a change loses nothing.

The bytes at a key's own path are described by the row that names that exact file (inode, size, modification time). So
bytes and metadata always belong together, whatever else a reader interleaves with, and bytes written past the API are
recognized. A change first stores its rows as pending, then moves the file, then settles the key. After a kill, the next
start settles pending rows: it completes or undoes the change, as the files show.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from localaws.s3.errors import is_disk_full
from localaws.s3.index import Index
from localaws.s3.info import NULL_VERSION, Identity, ObjectInfo
from localaws.s3.layout import Layout, identity_at, open_regular

BLOCK = 1 << 20
_log = logging.getLogger(__name__)


class History:
    """Reads and changes the versions of keys. A change requires the key's lock; a read does not."""

    def __init__(self, layout: Layout, index: Index) -> None:
        self._layout = layout
        self._index = index

    def recover(self) -> None:
        """Settle changes that a kill interrupted, and remove files in the vault that no row names."""
        for bucket, key in self._index.pending():
            self.settle(bucket, key)
        named = {name for (name,) in self._index.run("SELECT vault FROM objects WHERE vault IS NOT NULL")}
        for name in self._layout.vault_names():
            if name not in named:
                self._layout.vault(name).unlink(missing_ok=True)

    def open_current(self, bucket: str, key: str) -> tuple[ObjectInfo, IO[bytes]] | None:
        """The newest version and its bytes; None if there is none or it is a delete marker."""
        path = self._layout.plain(bucket, key)
        while True:
            if file := open_regular(path):
                identity = Identity.of(os.fstat(file.fileno()))
                if info := self._index.of_file(bucket, key, identity):
                    return info, file
                if identity_at(path) == identity:
                    return ObjectInfo(bucket, key, identity), file
                file.close()
                continue
            newest = self.newest_settled(bucket, key)
            if newest is None or newest.marker or not newest.vault:
                return None
            if file := open_regular(self._layout.vault(newest.vault)):
                return newest, file
            if newest == self.newest_settled(bucket, key) and not identity_at(path):
                return None

    def newest_settled(self, bucket: str, key: str) -> ObjectInfo | None:
        """The newest row whose change is complete; it may be a delete marker."""
        return next((row for row in self._index.versions(bucket, key) if not row.pending), None)

    def find(self, bucket: str, key: str, version: str) -> ObjectInfo | None:
        """The row of one version or delete marker; None unless it really exists."""
        plain = identity_at(self._layout.plain(bucket, key))
        for row in self._index.versions(bucket, key):
            if row.version == version and self._is_readable(row, plain):
                return row
        if plain and version == NULL_VERSION and not self._index.of_file(bucket, key, plain):
            return ObjectInfo(bucket, key, plain)
        return None

    def open_version(self, info: ObjectInfo) -> IO[bytes] | None:
        """The bytes of a version that :meth:`find` returned; None if it has been deleted since."""
        if info.vault and (file := open_regular(self._layout.vault(info.vault))):
            return file
        file = open_regular(self._layout.plain(info.bucket, info.key))
        if file and Identity.of(os.fstat(file.fileno())) == info.identity:
            return file
        if file:
            file.close()
        return None

    def adopt(self, info: ObjectInfo, file: IO[bytes]) -> ObjectInfo:
        """Insert a row with an ETag for bytes written past the API; the caller holds the key's lock."""
        known = self._index.of_file(info.bucket, info.key, info.identity)
        if known and known.etag:
            return known
        adopted = replace(info, etag=content_etag(file))
        if identity_at(self._layout.plain(info.bucket, info.key)) == info.identity:
            self._index.insert(adopted)
        return self._index.of_file(info.bucket, info.key, info.identity) or adopted

    def put(self, info: ObjectInfo, source: str) -> ObjectInfo:
        """Make the file ``source`` the newest version; raises NoSuchBucketError, and OSError on a full disk."""
        bucket, key = info.bucket, info.key
        retained = self._retain(bucket, key, info.version)
        plain = self._layout.plain(bucket, key)
        new = replace(info, pending=True, vault=None if plain else self._to_vault(source))
        try:
            self._insert_pending(new, retained)
            if plain and not self._layout.place(source, bucket, key):
                new = replace(self._index.versions(bucket, key)[0], vault=self._to_vault(source))
                self._index.move(new)
            self.settle(bucket, key)
        except BaseException as error:
            if not (is_disk_full(error) and identity_at(plain) == info.identity):
                self._undo(new)
                raise
            # The bytes are in place and their row describes them: only older rows are left to settle.
            _log.warning(
                "s3://%s/%s was written, but its older rows in the index could not be updated: %s", bucket, key, error
            )
        return info

    def mark_deleted(self, bucket: str, key: str, version: str) -> ObjectInfo:
        """Make a delete marker the newest version."""
        marker = ObjectInfo(bucket, key, Identity(0, 0, time.time_ns()), version=version, marker=True, pending=True)
        self._insert_pending(marker, self._retain(bucket, key, version))
        self._unlink_plain(bucket, key)
        self.settle(bucket, key)
        return replace(marker, pending=False)

    def remove(self, info: ObjectInfo) -> None:
        """Delete one version permanently; the next older version takes its place."""
        plain = self._layout.plain(info.bucket, info.key)
        others = [row for row in self._index.versions(info.bucket, info.key) if row.version != info.version]
        older = next((row for row in others if not row.pending and (row.marker or self._exists(row))), None)
        surfaces = older is not None and older.vault and (older.number < info.number)
        if identity_at(plain) == info.identity and not info.marker:
            if surfaces and older and older.vault:
                self._layout.vault(older.vault).replace(str(plain))
            else:
                self._unlink_plain(info.bucket, info.key)
            self._drop_rows(info)
        elif info.number:
            self._drop_rows(info)
            if surfaces and older and older.vault and not identity_at(plain):
                self._layout.place(str(self._layout.vault(older.vault)), info.bucket, info.key)
        self.settle(info.bucket, info.key)

    def settle(self, bucket: str, key: str) -> None:
        """Make the rows of a key agree with its files."""
        plain = identity_at(self._layout.plain(bucket, key))
        unlink: list[str] = []
        versions: set[str] = set()
        with self._index.transaction():
            for row in self._index.versions(bucket, key):
                if row.version in versions or not self._is_readable(row, plain):
                    self._index.delete(row)
                    unlink += [row.vault] if row.vault else []
                    continue
                versions.add(row.version)
                at_plain = plain == row.identity and not row.marker
                if row.pending or (at_plain and row.vault):
                    unlink += [row.vault] if at_plain and row.vault else []
                    self._index.move(replace(row, pending=False, vault=None if at_plain else row.vault))
        for name in unlink:
            self._layout.vault(name).unlink(missing_ok=True)
        if plain is None:
            self._layout.prune(bucket, key)

    def _drop_rows(self, info: ObjectInfo) -> None:
        """Delete every row of a version; bytes written past the API may hide an older row with the same version ID."""
        for row in self._index.versions(info.bucket, info.key):
            if row.version == info.version:
                self._index.delete(row)
                if row.vault:
                    self._layout.vault(row.vault).unlink(missing_ok=True)

    def _undo(self, new: ObjectInfo) -> None:
        """Undo a change whose bytes are not in place; if its row cannot be deleted, readers ignore it."""
        if new.vault:
            self._layout.vault(new.vault).unlink(missing_ok=True)
        with suppress(sqlite3.Error):
            self.settle(new.bucket, new.key)

    def _is_readable(self, row: ObjectInfo, plain: Identity | None) -> bool:
        if row.marker:
            return plain is None or not row.pending
        return plain == row.identity or self._exists(row)

    def _exists(self, row: ObjectInfo) -> bool:
        return bool(row.vault) and self._layout.vault(str(row.vault)).exists()

    def _retain(self, bucket: str, key: str, new_version: str) -> ObjectInfo | None:
        """Link the current bytes into the vault, unless the change replaces their version."""
        path = self._layout.plain(bucket, key)
        identity = identity_at(path)
        if identity is None or path is None:
            return None
        info = self._index.of_file(bucket, key, identity) or ObjectInfo(bucket, key, identity)
        if info.version == new_version:
            return None
        if info.etag is None:
            with Path(path).open("rb", buffering=0) as file:
                info = replace(info, etag=content_etag(file))
        name = self._layout.new_vault()
        os.link(path, self._layout.vault(name))
        return replace(info, vault=name)

    def _insert_pending(self, new: ObjectInfo, retained: ObjectInfo | None) -> None:
        if retained is None:
            self._index.insert(new)
            return
        try:
            with self._index.transaction():
                (self._index.move if retained.number else self._index.insert)(retained)
                self._index.insert(new)
        except BaseException:
            if retained.vault:
                self._layout.vault(retained.vault).unlink(missing_ok=True)
            raise

    def _to_vault(self, source: str) -> str:
        name = self._layout.new_vault()
        Path(source).replace(self._layout.vault(name))
        return name

    def _unlink_plain(self, bucket: str, key: str) -> None:
        path = self._layout.plain(bucket, key)
        if identity_at(path) and path:
            Path(path).unlink(missing_ok=True)


def content_etag(file: IO[bytes]) -> str:
    """MD5 of a file's content, in hexadecimal; reads the file from its start and rewinds it."""
    digest = hashlib.md5(usedforsecurity=False)
    file.seek(0)
    while block := file.read(BLOCK):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
