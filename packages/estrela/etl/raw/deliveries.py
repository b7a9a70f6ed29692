"""The raw files that make up a trusted table, and the values in their requests. No Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from estrela.errors import TransformError
from estrela.etl.raw.raw_file import RawFile, current
from estrela.etl.raw.request_id import request_of
from estrela.model.partition import Partition, column_of, start_of
from estrela.model.source import Source

FileId = tuple[str, int, str, str]
"""Request, page, sha256 and day of receipt."""


class KnownFile(Protocol):
    """The identity of a file that was loaded into the trusted table."""

    @property
    def request(self) -> str:
        """Its request as comparable text."""

    @property
    def page(self) -> int:
        """Its page number within the answer."""

    @property
    def source_file(self) -> str:
        """The sha256 of its content."""

    @property
    def fetched_at(self) -> datetime:
        """When it was received, UTC."""


def wanted(source: Source, files: Iterable[RawFile]) -> list[RawFile]:
    """Return the files that make up the trusted table: the newest answers, or for snapshots the newest of each day."""
    if not source.snapshots:
        return current(files)
    by_day: dict[str, list[RawFile]] = {}
    for file in _dated_by_answer(files):
        by_day.setdefault(str(file.fetched_at.date()), []).append(file)
    return [file for day in sorted(by_day) for file in current(by_day[day])]


def _dated_by_answer(files: Iterable[RawFile]) -> list[RawFile]:
    """Return ``files`` with the time of their answer's first page: an answer across midnight is one snapshot."""
    listed = [((file.request_id, file.version), file) for file in files]
    first: dict[tuple[str, int], datetime] = {}
    for answer, file in listed:
        first[answer] = min(file.fetched_at, first.get(answer, file.fetched_at))
    return [
        file if file.fetched_at == first[answer] else replace(file, fetched_at=first[answer]) for answer, file in listed
    ]


def requested(source: Source, file: RawFile) -> dict[str, str]:
    """Return the values of the file's request by key. Raises TransformError if a declared key is missing."""
    values = {**file.request, "fetched_on": file.received_on}
    for column in source.from_request:
        if column.key not in values:
            raise TransformError(
                source.name,
                f"the request {file.request_id!r} of {file.key} lacks the key {column.key!r}; extract the source again",
            )
    return values


def file_id(file: RawFile) -> FileId:
    """Return the identity of a file in the log."""
    return (file.request_id, file.page, file.sha256, file.received_on)


def known_id(known: KnownFile) -> FileId:
    """Return the identity of a file that was loaded."""
    return (known.request, known.page, known.source_file, str(known.fetched_at.date()))


def partitions_of(source: Source, files: Iterable[RawFile]) -> dict[FileId, Partition]:
    """Return the partition of the trusted table for the rows of each file. Raises the errors of :func:`requested`."""
    return {file_id(file): _partition(source, requested(source, file)) for file in files}


def known_partition(source: Source, known: KnownFile) -> Partition:
    """Return the partition of the trusted table with the rows of a loaded file."""
    return _partition(source, request_of(known.request) | {"fetched_on": str(known.fetched_at.date())})


def changed_partitions(source: Source, now: Mapping[FileId, Partition], known: Iterable[KnownFile]) -> set[Partition]:
    """Return the partitions whose wanted files, with their partitions in ``now``, differ from the loaded files."""
    before = {known_id(file): known_partition(source, file) for file in known}
    return {now[key] for key in now.keys() - before.keys()} | {before[key] for key in before.keys() - now.keys()}


def text_of(source: Source, column: str, value: str) -> str:
    """Return a request's value as text of the column's type, e.g. ``01`` as ``1`` for an integer column."""
    return str(int(value)) if source.types[column] in ("int", "bigint") else value


def _partition(source: Source, values: Mapping[str, str]) -> Partition:
    return tuple(
        start_of(field, text_of(source, column_of(field), values[key])) for field, key in source.partition_keys
    )
