"""All versions of a bucket's keys, in S3's order: keys ascending, the newest version first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from localaws.s3.index import Index
from localaws.s3.info import ObjectInfo
from localaws.s3.layout import identity_at
from localaws.s3.listing import BATCH, common_prefix
from localaws.s3.store import ObjectStore
from localaws.s3.walk import walk


@dataclass(frozen=True)
class VersionPage:
    """One page of versions, each with whether it is the latest; the next page follows ``last``, a key and version."""

    versions: list[tuple[ObjectInfo, bool]]
    prefixes: list[str]
    last: tuple[str, str]
    truncated: bool


def version_page(
    store: ObjectStore, bucket: str, prefix: str, delimiter: str, marker: tuple[str, str], limit: int
) -> VersionPage:
    """At most ``limit`` versions, delete markers and common prefixes together, after ``marker``."""
    shown: list[tuple[ObjectInfo, bool]] = []
    prefixes: list[str] = []
    last = marker
    for info, latest in _versions(store, bucket, prefix, marker):
        common = common_prefix(info.key, prefix, delimiter)
        if common and (common <= marker[0] or (prefixes and common == prefixes[-1])):
            continue
        if len(shown) + len(prefixes) == limit:
            return VersionPage(shown, prefixes, last, limit > 0)
        if common:
            prefixes.append(common)
        else:
            shown.append((info, latest))
        last = (common, "") if common else (info.key, info.version)
    return VersionPage(shown, prefixes, last, False)


def _versions(
    store: ObjectStore, bucket: str, prefix: str, marker: tuple[str, str]
) -> Iterator[tuple[ObjectInfo, bool]]:
    key_marker, version_marker = marker
    for key, rows in _by_key(store, bucket, prefix, key_marker):
        if key < key_marker or (key == key_marker and not version_marker):
            continue
        entries = [(info, number == 0) for number, info in enumerate(_real(store, bucket, key, rows))]
        if key == key_marker:
            seen = [info.version for info, _ in entries]
            entries = entries[seen.index(version_marker) + 1 :] if version_marker in seen else entries
        yield from entries


def _real(store: ObjectStore, bucket: str, key: str, rows: list[ObjectInfo]) -> list[ObjectInfo]:
    """The rows whose bytes exist; bytes at the key's own path are the newest, with or without a row."""
    plain = identity_at(store.parts.layout.plain(bucket, key))
    stored = [row for row in rows if row.marker or row.vault or row.identity == plain]
    if plain is None or any(row.identity == plain and not row.marker for row in stored):
        return stored
    return [ObjectInfo(bucket, key, plain), *(row for row in stored if row.version != "null")]


def _by_key(store: ObjectStore, bucket: str, prefix: str, start: str) -> Iterator[tuple[str, list[ObjectInfo]]]:
    """Keys with rows or a file, in order, each with its rows, newest first."""
    groups = groupby(_rows(store.parts.index, bucket, prefix, start), key=attrgetter("key"))
    # Start one character before the marker's key, so that the marker's own file is included.
    files = (
        entry.key for entry in walk(str(store.parts.layout.bucket(bucket)), prefix, start[:-1]) if entry.key >= start
    )
    rows, file = next(groups, None), next(files, None)
    while rows or file is not None:
        if rows is None or (file is not None and file < rows[0]):
            assert file is not None
            yield file, []
            file = next(files, None)
            continue
        if file == rows[0]:
            file = next(files, None)
        yield rows[0], list(rows[1])
        rows = next(groups, None)


def _rows(index: Index, bucket: str, prefix: str, start: str) -> Iterator[ObjectInfo]:
    key, number = max(prefix, start), 1 << 62
    while batch := index.history(bucket, key, number, BATCH):
        for row in batch:
            if not row.key.startswith(prefix):
                return
            yield row
        key, number = batch[-1].key, batch[-1].number
