"""The store's record of one version of an object."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

NULL_VERSION = "null"


@dataclass(frozen=True)
class Facts:
    """Facts that a client gave about an object, returned unchanged.

    ``headers``: Content-Type and similar, by lower-case name. ``metadata``: x-amz-meta-*, without that prefix.
    ``checksums``: algorithm in upper case to base64 text. ``parts``: size in bytes of each part of a multipart upload,
    in order, and ``part_checksums`` their checksums if the upload named an algorithm. ``lock``: the headers of Object
    Lock, by lower-case name.
    """

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    checksum_type: str = "FULL_OBJECT"
    storage_class: str = "STANDARD"
    parts: tuple[int, ...] = ()
    part_checksums: tuple[str, ...] = ()
    lock: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The values that differ from the defaults: most rows stay short."""
        default = vars(_NO_FACTS)
        return json.dumps({name: value for name, value in vars(self).items() if value != default[name]})

    @classmethod
    def from_json(cls, text: str) -> Facts:
        if text == "{}":
            return _NO_FACTS
        values: dict[str, Any] = json.loads(text)
        for name in ("parts", "part_checksums"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)


_NO_FACTS = Facts()


@dataclass(frozen=True)
class Identity:
    """Identifies a file's content by the file's metadata: a rewrite, in place or by rename, changes it."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Identity:
        return cls(stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True)
class ObjectInfo:
    """One version of an object.

    ``etag`` has no quotes; it is None for bytes written past the API until the ETag is first needed. ``vault`` names
    the file with the bytes, if they are not at the key's own path. ``number`` orders the versions of a key; 0 means not
    yet in the index. ``pending``: the bytes may not be in place yet.
    """

    bucket: str
    key: str
    identity: Identity
    etag: str | None = None
    version: str = NULL_VERSION
    marker: bool = False
    vault: str | None = None
    facts: Facts = _NO_FACTS
    pending: bool = False
    number: int = 0

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.identity.size

    @property
    def mtime(self) -> float:
        """Modification time in seconds since the epoch."""
        return self.identity.mtime_ns / 1e9
