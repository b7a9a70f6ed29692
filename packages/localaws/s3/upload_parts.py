"""Parts of a multipart upload: which parts form the object, and the object's checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localaws.s3.checksums import COMPOSITE, DEFAULT, FULL_OBJECT, composite, joined
from localaws.s3.errors import S3Error
from localaws.s3.info import Facts

MIN_PART = 5 << 20
MAX_PART_NUMBER = 10_000


@dataclass(frozen=True)
class Upload:
    """An active multipart upload; ``algorithm`` is the requested checksum algorithm, or empty."""

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
    """A part as the client lists it to complete the upload."""

    number: int
    etag: str
    checksums: dict[str, str]


def etag_of_parts(etags: Sequence[str]) -> str:
    """Return the MD5 over the parts' MD5s, a hyphen, and the number of parts."""
    digests = b"".join(map(bytes.fromhex, etags))
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(etags)}"


def claimed_parts(upload: Upload, stored: Sequence[Part], claims: Sequence[Claim]) -> list[Part]:
    """Return the parts that the client lists; raises S3Error if parts are missing, out of order or too small."""
    numbers = [claim.number for claim in claims]
    if sorted(set(numbers)) != numbers:
        raise S3Error("InvalidPartOrder", elements={"UploadId": upload.id})
    by_number = {part.number: part for part in stored}
    parts = [_claimed(upload, by_number.get(claim.number), claim) for claim in claims]
    for part in parts[:-1]:
        if part.size < MIN_PART:
            elements = {"PartNumber": str(part.number), "ProposedSize": str(part.size), "MinSizeAllowed": str(MIN_PART)}
            raise S3Error("EntityTooSmall", elements={**elements, "ETag": part.etag})
    return parts


def _claimed(upload: Upload, part: Part | None, claim: Claim) -> Part:
    if part is None or part.etag != claim.etag:
        raise _invalid_part(upload, claim)
    algorithm = upload.algorithm
    if upload.checksum_type == COMPOSITE and not claim.checksums:
        text = (
            f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {part.number} in the request."
        )
        raise S3Error("InvalidRequest", text)
    for name, value in claim.checksums.items():
        if algorithm and name != algorithm:
            text = f"The {name.lower()} you specified for part {part.number} did not match what we received."
            raise S3Error("BadDigest", text)
        if part.checksums.get(name) != value:
            raise _invalid_part(upload, claim)
    return part


def _invalid_part(upload: Upload, claim: Claim) -> S3Error:
    elements = {"UploadId": upload.id, "PartNumber": str(claim.number), "ETag": claim.etag[:200]}
    return S3Error("InvalidPart", elements=elements)


def checksum_facts(upload: Upload, parts: Sequence[Part], whole: str) -> dict[str, Any]:
    """Return checksums, type and part checksums under the field names of Facts.

    Raises S3Error BadDigest if ``whole``, the client's checksum of the object, is different. No bytes are read again: a
    composite checksum is computed over the parts' checksums, and the parts' CRCs are combined into the object's CRC.
    """
    algorithm = upload.algorithm or DEFAULT
    sums = [part.checksums.get(algorithm, "") for part in parts]
    if not all(sums):
        return {}  # parts of an upload begun by an older version, which computed none
    if upload.checksum_type == COMPOSITE:
        value = composite(algorithm, sums)
    else:
        value = joined(algorithm, [(crc, part.size) for crc, part in zip(sums, parts, strict=True)])
    if whole and whole not in (value, value.partition("-")[0]):
        raise S3Error("BadDigest", f"The {algorithm.lower()} you specified did not match the calculated checksum.")
    kept = tuple(sums) if upload.algorithm and upload.checksum_type == COMPOSITE else ()
    return {
        "checksums": {algorithm: value},
        "checksum_type": upload.checksum_type or FULL_OBJECT,
        "part_checksums": kept,
    }
