"""Multipart uploads: parts as files, put together by the kernel where it can."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from localaws.s3.checksums import COMPOSITE, FULL_OBJECT, composite, encoded, new_checksum
from localaws.s3.errors import S3Error
from localaws.s3.index import Index
from localaws.s3.info import Facts, ObjectInfo
from localaws.s3.layout import Draft, Layout
from localaws.s3.store import Condition, ObjectStore

MIN_PART = 5 << 20
MAX_PART_NUMBER = 10_000
BLOCK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A multipart upload under way; ``algorithm`` is the checksum it asked for, or empty."""

    id: str
    bucket: str
    key: str
    started: float
    facts: Facts
    algorithm: str
    checksum_type: str


@dataclass(frozen=True)
class Part:
    """One part; ``file`` is its name in the upload's folder, ``size`` in bytes, ``mtime`` in seconds."""

    number: int
    file: str
    etag: str
    size: int
    mtime: float
    checksums: dict[str, str]


@dataclass(frozen=True)
class Claim:
    """A part as the client names it at the end."""

    number: int
    etag: str
    checksums: dict[str, str]


class Uploads:
    """The multipart uploads of one store; they survive a restart."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._index: Index = store.index
        self._layout: Layout = store.layout
        self._sweep()

    def create(self, upload: Upload) -> Upload:
        """Begin; the id and the time of the given upload are set here."""
        self._store.bucket_path(upload.bucket)
        begun = replace(upload, id=secrets.token_hex(32), started=time.time())
        (self._layout.uploads / begun.id).mkdir()
        values = (begun.id, begun.bucket, begun.key, int(begun.started * 1e9), begun.facts.to_json())
        self._index.run("INSERT INTO uploads VALUES (?,?,?,?,?,?,?)", (*values, begun.algorithm, begun.checksum_type))
        return begun

    def get(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Raises S3Error NoSuchUpload."""
        self._store.bucket_path(bucket)
        rows = self._index.run(
            "SELECT * FROM uploads WHERE id = ? AND bucket = ? AND key = ?", (upload_id, bucket, key)
        )
        if not rows:
            raise S3Error("NoSuchUpload", elements={"UploadId": upload_id[:200]})
        return _upload(rows[0])

    def under_way(self, bucket: str, prefix: str) -> list[Upload]:
        """By key, then by start."""
        rows = self._index.run(
            "SELECT * FROM uploads WHERE bucket = ? AND key >= ? ORDER BY key, started_ns", (bucket, prefix)
        )
        return [_upload(row) for row in rows if row[2].startswith(prefix)]

    def parts(self, upload: Upload) -> list[Part]:
        """By number."""
        rows = self._index.run(
            "SELECT number, file, etag, size, mtime_ns, checksums FROM parts WHERE upload = ? ORDER BY number",
            (upload.id,),
        )
        return [_part(*row) for row in rows]

    def put_part(self, upload: Upload, number: int, draft: Draft, etag: str, checksums: dict[str, str]) -> Part:
        """Store a part, in place of one with the same number; raises S3Error NoSuchUpload if the upload ended."""
        identity = draft.seal()
        part = Part(number, secrets.token_hex(16), etag, identity.size, identity.mtime_ns / 1e9, checksums)
        with self._store.locked(upload.bucket, upload.id):
            self.get(upload.bucket, upload.key, upload.id)
            Path(draft.path).rename(self._path(upload, part))
            replaced = [old for old in self.parts(upload) if old.number == number]
            values = (upload.id, number, part.file, etag, part.size, identity.mtime_ns, json.dumps(checksums))
            self._index.run("INSERT OR REPLACE INTO parts VALUES (?,?,?,?,?,?,?)", values)
        for old in replaced:
            self._path(upload, old).unlink(missing_ok=True)
        return part

    def abort(self, upload: Upload) -> None:
        """End it and remove its parts."""
        with self._store.locked(upload.bucket, upload.id):
            with self._index.transaction():
                self._index.run("DELETE FROM uploads WHERE id = ?", (upload.id,))
                self._index.run("DELETE FROM parts WHERE upload = ?", (upload.id,))
            shutil.rmtree(self._layout.uploads / upload.id, ignore_errors=True)

    def complete(
        self, upload: Upload, claims: list[Claim], condition: Condition, full_checksums: dict[str, str]
    ) -> ObjectInfo:
        """Make the claimed parts one object; ``full_checksums`` are the client's, of the whole object.

        Raises S3Error InvalidPart, InvalidPartOrder, EntityTooSmall or BadDigest: the upload then goes on.
        """
        parts = self._claimed(upload, claims)
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        with self._store.draft() as draft:
            checksums = self._assemble(upload, parts, draft, full_checksums)
            facts = replace(
                upload.facts,
                checksums=checksums,
                checksum_type=upload.checksum_type or FULL_OBJECT,
                parts=tuple(part.size for part in parts),
            )
            info = self._store.put(upload.bucket, upload.key, draft, etag, facts, condition)
        self.abort(upload)
        return info

    def _claimed(self, upload: Upload, claims: list[Claim]) -> list[Part]:
        stored = {part.number: part for part in self.parts(upload)}
        numbers = [claim.number for claim in claims]
        if not claims:
            raise S3Error("MalformedXML")
        if sorted(set(numbers)) != numbers:
            raise S3Error("InvalidPartOrder")
        for claim in claims:
            part = stored.get(claim.number)
            differs = part is not None and any(
                part.checksums.get(name, value) != value for name, value in claim.checksums.items()
            )
            if part is None or part.etag != claim.etag or differs:
                raise S3Error("InvalidPart", elements={"PartNumber": str(claim.number), "ETag": claim.etag[:200]})
        parts = [stored[number] for number in numbers]
        for part in parts[:-1]:
            if part.size < MIN_PART:
                raise S3Error(
                    "EntityTooSmall",
                    elements={
                        "PartNumber": str(part.number),
                        "ProposedSize": str(part.size),
                        "MinSizeAllowed": str(MIN_PART),
                    },
                )
        return parts

    def _assemble(self, upload: Upload, parts: list[Part], draft: Draft, full: dict[str, str]) -> dict[str, str]:
        """Join the parts' files; the bytes pass through this process only where a full checksum needs them."""
        algorithm = upload.algorithm or next(iter(full), "")
        whole = bool(algorithm) and (upload.checksum_type == FULL_OBJECT or bool(full))
        running = new_checksum(algorithm) if whole else None
        for part in parts:
            append_file(self._path(upload, part), draft, running.update if running else None)
        if running is None:
            sums = [part.checksums.get(algorithm, "") for part in parts]
            return {algorithm: composite(algorithm, sums)} if algorithm and all(sums) else {}
        value = encoded(running)
        if full.get(algorithm, value).partition("-")[0] != value and upload.checksum_type != COMPOSITE:
            raise S3Error("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
        return {algorithm: value}

    def _path(self, upload: Upload, part: Part) -> Path:
        return self._layout.uploads / upload.id / part.file

    def _sweep(self) -> None:
        """Remove the folders of uploads that ended when the server was killed."""
        known = {upload_id for (upload_id,) in self._index.run("SELECT id FROM uploads")}
        for folder in self._layout.uploads.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)


def append_file(path: Path, draft: Draft, observe: Callable[[bytes], None] | None) -> None:
    """Append a file; blocks go through ``observe`` where there is one, else from file to file in the kernel."""
    with path.open("rb", buffering=0) as file:
        if observe is None and _copied_by_kernel(file.fileno(), draft.fileno()):
            return
        while block := file.read(BLOCK):
            if observe:
                observe(block)
            draft.write(block)


def _copied_by_kernel(source: int, target: int) -> bool:
    """Append one file to another; False, with nothing written, where this system cannot."""
    if not hasattr(os, "copy_file_range"):
        return False
    left = os.fstat(source).st_size
    copied = 0
    while left:
        try:
            step = os.copy_file_range(source, target, min(left, 64 * BLOCK))
        except OSError as error:
            if copied or error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                raise
            return False
        if not step:
            raise S3Error("InternalError", "A part became shorter while it was read.")
        copied += step
        left -= step
    return True


def _upload(row: tuple[str, str, str, int, str, str, str]) -> Upload:
    return Upload(row[0], row[1], row[2], row[3] / 1e9, Facts.from_json(row[4]), row[5], row[6])


def _part(number: int, file: str, etag: str, size: int, mtime_ns: int, checksums: str) -> Part:
    return Part(number, file, etag, size, mtime_ns / 1e9, json.loads(checksums))
