"""Batches: files of a feed that one worker claims together and loads in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchLimit:
    """Maximum number of ``files`` in a batch, and of ``bytes`` in total. A larger file is a batch of its own."""

    files: int = 1
    bytes: int = 0


ONE_FILE = BatchLimit()
SMALL_FILES = BatchLimit(files=200, bytes=32 << 20)


@dataclass(frozen=True)
class Candidate:
    """A file that may be claimed. ``is_alone``: it was tried before, or an older version of it is loaded."""

    id: int
    bucket: str
    key: str
    size: int
    is_alone: bool


def batch_of(candidates: Iterable[Candidate], limit: BatchLimit) -> list[int]:
    """Return the ids of the first candidates that are claimed together.

    A file that was tried before is claimed alone, because it may have killed its last worker. Of two versions of a
    file, the second belongs to the next batch.
    """
    chosen: list[int] = []
    names: set[tuple[str, str]] = set()
    size = 0
    for candidate in candidates:
        size += candidate.size
        is_too_much = len(chosen) >= limit.files or size > limit.bytes
        if chosen and (is_too_much or candidate.is_alone or (candidate.bucket, candidate.key) in names):
            break
        chosen.append(candidate.id)
        names.add((candidate.bucket, candidate.key))
        if candidate.is_alone:
            break
    return chosen
