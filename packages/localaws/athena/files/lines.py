"""Lines of text files."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import BadDataError, QueryError, UnsupportedError
from localaws.athena.files.data_files import DataFile

_OPENERS: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open}
_UNREADABLE = (".snappy", ".lzo", ".lz4", ".zst", ".deflate")


def lines_of(table: HiveTable, file: DataFile) -> Iterator[str]:
    """The lines of a file after its header, without line ends (``\\n``, ``\\r`` or ``\\r\\n``).

    The file name's extension determines the compression. Raises UnsupportedError for an unsupported compression,
    BadDataError for a file that does not match its extension, QueryError for a table property that is not a number.
    """
    encoding = _encoding(table)
    suffix = Path(file.uri).suffix.lower()
    if suffix in _UNREADABLE:
        raise UnsupportedError(f"compression {suffix} of {file.uri}")
    skip = _count(table, "skip.header.line.count")
    try:
        with _OPENERS.get(suffix, Path.open)(file.path, "rb") as data:
            text = io.TextIOWrapper(data, encoding=encoding, errors="replace", newline=None)
            yield from (line.removesuffix("\n") for line in islice(text, skip, None))
    except (EOFError, OSError) as error:
        raise BadDataError(f"{file.uri} cannot be read: {error}") from error


def _encoding(table: HiveTable) -> str:
    name = table.serde_parameters.get("serialization.encoding", "utf-8")
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise UnsupportedError(f"serialization.encoding {name}") from None


def _count(table: HiveTable, name: str) -> int:
    value = table.parameters.get(name) or table.serde_parameters.get(name) or "0"
    if not value.isdigit():
        raise QueryError("HIVE_INVALID_METADATA", f"Invalid value for {name} property: {value}")
    return int(value)
