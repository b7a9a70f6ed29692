"""The checksum algorithms of S3 clients: CRC32, CRC32C, CRC64NVME, SHA1, SHA256."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import anycrc

from localaws.s3.errors import S3Error

PREFIX = "x-amz-checksum-"
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"
# The algorithm that S3 uses for an object that is sent without a checksum:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
DEFAULT = "CRC64NVME"
_NOT_VALUES = frozenset({"ALGORITHM", "TYPE", "MODE"})
_MODELS = {"CRC32": "CRC32", "CRC32C": "CRC32C", "CRC64NVME": "CRC64-NVME"}


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


CRC_MODELS = {name: anycrc.Model(model) for name, model in _MODELS.items()}
ALGORITHMS: Mapping[str, Callable[[], Checksum]] = {
    "CRC32": lambda: _Crc(zlib.crc32, 4),
    "CRC32C": lambda: _Crc(CRC_MODELS["CRC32C"].calc, 4),
    "CRC64NVME": lambda: _Crc(CRC_MODELS["CRC64NVME"].calc, 8),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
}


def new_checksum(algorithm: str) -> Checksum:
    """A new running checksum of one of :data:`ALGORITHMS`."""
    return ALGORITHMS[algorithm]()


def encoded(checksum: Checksum) -> str:
    """The checksum as base64 text, for headers and documents."""
    return base64.b64encode(checksum.digest()).decode()


def given_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """The ``x-amz-checksum-*`` headers as algorithm to base64 text; raises S3Error for an invalid value."""
    named = {name.removeprefix(PREFIX).upper(): value for name, value in headers.items() if name.startswith(PREFIX)}
    given = {name: value for name, value in named.items() if name not in _NOT_VALUES}
    for name in given:
        checked_algorithm(name)
    if len(given) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for name, value in given.items():
        _check_value(name, value)
    return given


def _check_value(algorithm: str, value: str) -> None:
    try:
        size = len(base64.b64decode(value.partition("-")[0], validate=True))
    except binascii.Error:
        size = 0
    if size != len(new_checksum(algorithm).digest()):
        raise S3Error("InvalidRequest", f"Value for {PREFIX}{algorithm.lower()} header is invalid.")


def checked_algorithm(name: str) -> str:
    """Return the algorithm that a header names, in upper case, or "" for ""; raises S3Error InvalidRequest."""
    if name and name.upper() not in ALGORITHMS:
        valid = ", ".join(sorted(ALGORITHMS))
        text = f"Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{valid}]"
        raise S3Error("InvalidRequest", text)
    return name.upper()


def joined(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """Combine the CRC (base64) and size (bytes) of each part into the CRC of the whole, without reading the bytes."""
    whole = 0  # the CRC of no bytes
    for crc, size in parts:
        whole = CRC_MODELS[algorithm].combine(whole, _number(crc), size)
    return base64.b64encode(whole.to_bytes(len(new_checksum(algorithm).digest()), "big")).decode()


def _number(value: str) -> int:
    return int.from_bytes(base64.b64decode(value), "big")


def composite(algorithm: str, parts: list[str]) -> str:
    """The checksum over the checksums of a multipart upload's parts, a hyphen, and the number of parts."""
    checksum = new_checksum(algorithm)
    for part in parts:
        checksum.update(base64.b64decode(part))
    return f"{encoded(checksum)}-{len(parts)}"
