"""Partition folders as Hive names them: ``year=2024/name=a%3Ab``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from localaws.athena.entries.partitions import HIVE_NULL

_SPECIAL = re.compile(r"[\x00-\x1f\x7f\"#%'*/:=?\\{}\[\]^]")


def partition_folder(names: Sequence[str], values: Sequence[str | None]) -> str:
    """The folder of a partition below its table's folder, without a trailing slash."""
    return "/".join(
        f"{_escaped(name)}={HIVE_NULL if value is None else _escaped(value)}"
        for name, value in zip(names, values, strict=True)
    )


def partition_values(folder: str, names: Sequence[str]) -> list[str] | None:
    """The values in a folder's name; None if the folder is not a partition with these keys."""
    parts = [part.partition("=") for part in folder.split("/")]
    if [name.lower() for name, _, _ in parts] != list(names) or not all(sign for _, sign, _ in parts):
        return None
    return [unquote(value) for _, _, value in parts]


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", text)
