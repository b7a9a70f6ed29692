"""The objects of a bucket in order: files of its folder, merged with keys whose bytes are in the vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from localaws.s3.index import Index
from localaws.s3.info import Identity, ObjectInfo
from localaws.s3.layout import Layout
from localaws.s3.walk import WalkEntry, walk

BATCH = 1000


def current_objects(layout: Layout, index: Index, bucket: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
    """Current objects whose keys start with ``prefix`` and sort after ``after``."""
    for entry in _merge(_files(layout, index, bucket, prefix, after, False), _vault(index, bucket, prefix, after)):
        if isinstance(entry, ObjectInfo):
            yield entry


@dataclass(frozen=True)
class Page:
    """One page of a listing; the next page starts after ``last``, a key or common prefix."""

    objects: list[ObjectInfo]
    prefixes: list[str]
    last: str
    truncated: bool


def page(layout: Layout, index: Index, bucket: str, prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """At most ``limit`` objects and common prefixes together."""
    files = _files(layout, index, bucket, prefix, after, delimiter == "/")
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    last = after
    for entry in _merge(files, _vault(index, bucket, prefix, after)):
        key = entry if isinstance(entry, str) else entry.key
        common = common_prefix(key, prefix, delimiter)
        if common and (common <= after or (prefixes and common == prefixes[-1])):
            continue
        if len(objects) + len(prefixes) == limit:
            return Page(objects, prefixes, last, limit > 0)
        last = common or key
        if common:
            prefixes.append(common)
        elif isinstance(entry, ObjectInfo):
            objects.append(entry)
    return Page(objects, prefixes, last, False)


def common_prefix(key: str, prefix: str, delimiter: str) -> str:
    """The part of a key up to the first delimiter after the prefix; empty if there is no delimiter."""
    if not delimiter:
        return ""
    end = key.find(delimiter, len(prefix))
    return key[: end + len(delimiter)] if end >= 0 else ""


def _files(
    layout: Layout, index: Index, bucket: str, prefix: str, after: str, folders: bool
) -> Iterator[ObjectInfo | str]:
    """Files at their own paths with their rows, and folders as text; rows are read for many keys at once."""
    entries = walk(str(layout.bucket(bucket)), prefix, after, folders=folders)
    size = 16
    while batch := list(islice(entries, size)):
        size = BATCH
        rows = index.of_keys(bucket, [entry.key for entry in batch if entry.identity])
        yield from (_info(bucket, entry, rows) for entry in batch)


def _info(bucket: str, entry: WalkEntry, rows: dict[tuple[str, Identity], ObjectInfo]) -> ObjectInfo | str:
    if entry.identity is None:
        return entry.key
    return rows.get((entry.key, entry.identity)) or ObjectInfo(bucket, entry.key, entry.identity)


def _vault(index: Index, bucket: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
    while batch := index.in_vault(bucket, prefix, after, BATCH):
        for info in batch:
            if not info.key.startswith(prefix):
                return
            yield info
        after = batch[-1].key


def _merge(files: Iterator[ObjectInfo | str], vault: Iterator[ObjectInfo]) -> Iterator[ObjectInfo | str]:
    """Merge both in the order of keys; a file hides the same key in the vault."""
    file, stored = next(files, None), next(vault, None)
    while file is not None or stored is not None:
        key = file.key if isinstance(file, ObjectInfo) else file
        if key is None or (stored is not None and stored.key < key):
            assert stored is not None
            yield stored
            stored = next(vault, None)
            continue
        if stored is not None and stored.key == key:
            stored = next(vault, None)
        assert file is not None
        yield file
        file = next(files, None)
