"""Walk a bucket's folder in the order of keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from localaws.s3.info import Identity
from localaws.s3.names import is_plain_folder, is_side_file, is_utf8


@dataclass(frozen=True, slots=True)
class WalkEntry:
    """A key and the identity of its bytes; or a folder that contains objects, as ``folder/`` and None."""

    key: str
    identity: Identity | None


def walk(root: str, prefix: str = "", after: str = "", *, folders: bool = False) -> Iterator[WalkEntry]:
    """Files below ``root`` whose keys start with ``prefix`` and sort after ``after``.

    Reads a folder only if it can contain such keys, and only when the walk reaches it; keeps no folder open. With
    ``folders``, the walk stays in the prefix's own folder, and each subfolder that contains an object is one entry.
    """
    base = prefix[: prefix.rfind("/") + 1]
    if is_plain_folder(base):
        yield from _walk(root, base, prefix, after, folders)


def _walk(root: str, base: str, prefix: str, after: str, folders: bool) -> Iterator[WalkEntry]:
    for name, is_folder in _entries(f"{root}/{base}"):
        key = base + name
        if not key.startswith(prefix) or (key <= after and not (is_folder and after.startswith(key))):
            continue
        if not is_folder:
            identity = _identity(f"{root}/{key}")
            if identity:
                yield WalkEntry(key, identity)
        elif not folders:
            yield from _walk(root, key, prefix, after, folders)
        elif key > after and next(_walk(root, key, "", "", False), None):
            yield WalkEntry(key, None)


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Names in the order of their keys: a folder sorts as its name with a slash."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (f"{entry.name}/", True) if entry.is_dir(follow_symlinks=False) else (entry.name, False)
                for entry in entries
                if is_utf8(entry.name) and _is_object_or_folder(entry)
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_object_or_folder(entry: os.DirEntry[str]) -> bool:
    if entry.is_file(follow_symlinks=False):
        return not is_side_file(entry.name)
    return entry.is_dir(follow_symlinks=False)


def _identity(path: str) -> Identity | None:
    try:
        return Identity.of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
