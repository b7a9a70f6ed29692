"""The files of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localaws.athena.errors import QueryError
from localaws.s3.errors import NoSuchBucketError
from localaws.s3.info import ObjectInfo
from localaws.s3.store import ObjectStore, split_uri


@dataclass(frozen=True)
class DataFile:
    """One file; ``values`` are its partition's values, in the order of the table's keys, None for NULL."""

    uri: str
    path: Path
    size: int
    modified: float
    values: tuple[str | None, ...] = ()


def files_below(store: ObjectStore, location: str, values: tuple[str | None, ...] = ()) -> Iterator[DataFile]:
    """Files below a folder at any depth, without empty and hidden files (``_x``, ``.x``, and all below such a folder).

    Raises QueryError for a location whose bucket does not exist.
    """
    try:
        bucket, key = split_uri(location)
        prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
        for info in store.reads.list(bucket, prefix):
            if info.size and not _is_hidden(info.key.removeprefix(prefix)):
                yield DataFile(f"s3://{bucket}/{info.key}", path_of(store, info), info.size, info.mtime, values)
    except (NoSuchBucketError, ValueError) as error:
        raise QueryError("HIVE_FILESYSTEM_ERROR", f"Cannot list {location}: {error}") from error


def path_of(store: ObjectStore, info: ObjectInfo) -> Path:
    """The path of an object's bytes."""
    return store.parts.layout.vault(info.vault) if info.vault else store.reads.local_path(info.bucket, info.key)


def _is_hidden(relative: str) -> bool:
    return any(part.startswith(("_", ".")) for part in relative.split("/"))
