"""Parquet files, grouped by their columns.

DuckDB orders joins by the statistics of the files. With the option ``schema`` it assumes one row per table, and without
``union_by_name`` it uses the statistics of one file only: a join of many tables then takes minutes or does not end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.athena.embedded.sql.typed import text_literal
from localaws.athena.errors import BadDataError
from localaws.athena.files.data_files import DataFile

_FIELD_ID = b"PARQUET:field_id"


@dataclass(frozen=True)
class FileColumn:
    """A top-level column of a file: its name in the file, its Arrow type, and its Iceberg field ID if it has one."""

    name: str
    type: pa.DataType
    field_id: int | None


def columns_of_file(file: DataFile) -> tuple[FileColumn, ...]:
    """The columns in a file's footer; raise BadDataError for a file that is not Parquet."""
    return _columns(file.path, file.modified, file.size)


@lru_cache(maxsize=10_000)
def _columns(path: Path, modified: float, size: int) -> tuple[FileColumn, ...]:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadDataError(f"{path.name} is not a Parquet file: {str(error)[:200]}") from error
    return tuple(FileColumn(field.name, field.type, _field_id(field)) for field in schema)


def _field_id(field: pa.Field) -> int | None:
    text = (field.metadata or {}).get(_FIELD_ID)
    return None if text is None else int(text)


def groups_of(files: Sequence[DataFile]) -> list[list[int]]:
    """Group files with equal columns; return the indexes of each group, in the files' order."""
    groups: dict[tuple[FileColumn, ...], list[int]] = {}
    for index, file in enumerate(files):
        groups.setdefault(columns_of_file(file), []).append(index)
    return list(groups.values())


def parquet_source(files: Sequence[DataFile]) -> str:
    """A table function over files with equal columns."""
    paths = ", ".join(text_literal(str(file.path)) for file in files)
    return f"read_parquet([{paths}], union_by_name=true, hive_partitioning=false)"
