"""Multipart uploads: parts are files, which the kernel joins if it can."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from dataclasses import replace
from pathlib import Path

from localaws.s3.errors import S3Error
from localaws.s3.file_copy import append_file
from localaws.s3.index import Index
from localaws.s3.info import Facts, Identity, ObjectInfo
from localaws.s3.layout import Draft, Layout
from localaws.s3.store import ObjectStore
from localaws.s3.upload_parts import Claim, Part, Upload, checksum_facts, claimed_parts, etag_of_parts
from localaws.s3.write_condition import ALWAYS, Condition

# Time during which a repeated completion of an upload gets the same answer.
REMEMBERED_SECONDS = 7 * 24 * 3600


class Uploads:
    """The multipart uploads of one store; they survive a restart."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._index: Index = store.parts.index
        self._layout: Layout = store.parts.layout
        self._sweep()

    def create(self, upload: Upload) -> Upload:
        """Begin an upload; set its ID and start time."""
        self._store.buckets.folder(upload.bucket)
        begun = replace(upload, id=secrets.token_hex(32), started=time.time())
        (self._layout.uploads / begun.id).mkdir()
        values = (begun.id, begun.bucket, begun.key, int(begun.started * 1e9), begun.facts.to_json())
        self._index.run("INSERT INTO uploads VALUES (?,?,?,?,?,?,?)", (*values, begun.algorithm, begun.checksum_type))
        return begun

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Return an active upload; raises S3Error NoSuchUpload."""
        self._store.buckets.folder(bucket)
        rows = self._index.run(
            "SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?", (upload_id, bucket, key)
        )
        if not rows:
            raise S3Error("NoSuchUpload", elements={"UploadId": upload_id[:200]})
        return _upload(rows[0])

    def active(self, bucket: str, prefix: str) -> list[Upload]:
        """Active uploads of keys with a prefix, sorted by key, then start."""
        rows = self._index.run(
            "SELECT * FROM uploads WHERE bucket = ? AND key >= ? ORDER BY key, started_ns", (bucket, prefix)
        )
        return [_upload(row) for row in rows if row[2].startswith(prefix)]

    def parts(self, upload: Upload) -> list[Part]:
        """Parts of an upload, sorted by number."""
        rows = self._index.run(
            "SELECT number, file, etag, size, mtime_ns, checksums FROM parts WHERE upload = ? ORDER BY number",
            (upload.id,),
        )
        return [_part(*row) for row in rows]

    def put_part(self, upload: Upload, number: int, draft: Draft, etag: str, checksums: dict[str, str]) -> Part:
        """Store a part, or replace that with the same number; raises S3Error NoSuchUpload if the upload has ended."""
        identity = draft.seal()
        part = Part(number, secrets.token_hex(16), etag, identity.size, identity.mtime_ns / 1e9, checksums)
        with self._store.parts.locked(upload.bucket, upload.id):
            self.get(upload.bucket, upload.key, upload.id)
            Path(draft.path).rename(self._path(upload, part))
            replaced = [old for old in self.parts(upload) if old.number == number]
            values = (upload.id, number, part.file, etag, part.size, identity.mtime_ns, json.dumps(checksums))
            self._index.run("INSERT OR REPLACE INTO parts VALUES (?,?,?,?,?,?,?)", values)
        for old in replaced:
            self._path(upload, old).unlink(missing_ok=True)
        return part

    def abort(self, upload: Upload) -> None:
        """End an upload and remove its parts."""
        self._end(upload, None)

    def complete(self, upload: Upload, claims: list[Claim], condition: Condition, whole: str) -> ObjectInfo:
        """Make the claimed parts one object; ``whole`` is the client's checksum of the object, or empty.

        Raises S3Error InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest or the errors of the condition; after an
        error the upload stays active.
        """
        parts = claimed_parts(upload, self.parts(upload), claims)
        etag = etag_of_parts([part.etag for part in parts])
        facts = replace(
            upload.facts,
            **checksum_facts(upload, parts, whole),
            parts=tuple(part.size for part in parts),
        )
        conditional = replace(condition, since=upload.started, was_deleted=self._was_deleted(upload))
        with self._store.writes.draft() as draft:
            for part in parts:
                append_file(self._path(upload, part), draft)
            info = self._store.writes.put(
                upload.bucket, upload.key, draft, etag, facts, conditional if condition != ALWAYS else ALWAYS
            )
        self._end(upload, info)
        return info

    def completed(self, bucket: str, key: str, upload_id: str) -> ObjectInfo | None:
        """Return the object of a completed upload, for a client that did not receive the answer and retries."""
        rows = self._index.run(
            "SELECT etag, version, facts FROM completed_uploads WHERE id = ? AND bucket = ? AND key = ?",
            (upload_id, bucket, key),
        )
        for etag, version, facts in rows:
            return ObjectInfo(bucket, key, Identity(0, 0, 0), etag, version, facts=Facts.from_json(facts))
        return None

    def _was_deleted(self, upload: Upload) -> bool:
        return bool(self._index.run("SELECT 1 FROM uploads_with_deleted_key WHERE upload = ?", (upload.id,)))

    def _end(self, upload: Upload, info: ObjectInfo | None) -> None:
        """Delete an upload and its parts; ``info`` is the completed object, None for an abort."""
        with self._store.parts.locked(upload.bucket, upload.id):
            with self._index.transaction():
                self._index.run("DELETE FROM uploads WHERE id = ?", (upload.id,))
                self._index.run("DELETE FROM parts WHERE upload = ?", (upload.id,))
                self._index.run("DELETE FROM uploads_with_deleted_key WHERE upload = ?", (upload.id,))
                if info:
                    values = (upload.id, upload.bucket, upload.key, time.time_ns(), info.etag, info.version)
                    self._index.run(
                        "INSERT OR REPLACE INTO completed_uploads VALUES (?,?,?,?,?,?,?)",
                        (*values, info.facts.to_json()),
                    )
            shutil.rmtree(self._layout.uploads / upload.id, ignore_errors=True)

    def _path(self, upload: Upload, part: Part) -> Path:
        return self._layout.uploads / upload.id / part.file

    def _sweep(self) -> None:
        """Remove folders of uploads that have ended, left by a kill, and records of uploads completed long ago."""
        known = {upload_id for (upload_id,) in self._index.run("SELECT id FROM uploads")}
        for folder in self._layout.uploads.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)
        oldest = time.time_ns() - REMEMBERED_SECONDS * 10**9
        self._index.run("DELETE FROM completed_uploads WHERE completed_ns < ?", (oldest,))


def _upload(row: tuple[str, str, str, int, str, str, str]) -> Upload:
    return Upload(row[0], row[1], row[2], row[3] / 1e9, Facts.from_json(row[4]), row[5], row[6])


def _part(number: int, file: str, etag: str, size: int, mtime_ns: int, checksums: str) -> Part:
    return Part(number, file, etag, size, mtime_ns / 1e9, json.loads(checksums))
