"""The checksums that S3 clients send: CRC32, CRC32C, CRC64NVME, SHA1, SHA256."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

import anycrc

PREFIX = "x-amz-checksum-"
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"


class Checksum(Protocol):
    """A running checksum."""

    def update(self, block: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, step: Callable[[bytes, int], int], size: int) -> None:
        self._step = step
        self._size = size
        self._value = 0

    def update(self, block: bytes) -> None:
        self._value = self._step(block, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def _crc_of(model: str, size: int) -> Callable[[], Checksum]:
    return lambda: _Crc(anycrc.Model(model).calc, size)


ALGORITHMS: Mapping[str, Callable[[], Checksum]] = {
    "CRC32": lambda: _Crc(zlib.crc32, 4),
    "CRC32C": _crc_of("CRC32C", 4),
    "CRC64NVME": _crc_of("CRC64-NVME", 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}


def new_checksum(algorithm: str) -> Checksum:
    """A running checksum of one of :data:`ALGORITHMS`."""
    return ALGORITHMS[algorithm]()


def encoded(checksum: Checksum) -> str:
    """The base64 text that stands in headers and documents."""
    return base64.b64encode(checksum.digest()).decode()


def given_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """Algorithm to base64 text, of the ``x-amz-checksum-*`` headers."""
    return {name: headers[PREFIX + name.lower()] for name in ALGORITHMS if PREFIX + name.lower() in headers}


def composite(algorithm: str, parts: list[str]) -> str:
    """The checksum of the checksums of a multipart upload's parts, and their number."""
    checksum = new_checksum(algorithm)
    for part in parts:
        checksum.update(base64.b64decode(part))
    return f"{encoded(checksum)}-{len(parts)}"
