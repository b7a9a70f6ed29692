"""A Hive table's rows, with its partition keys and hidden columns, as one DuckDB query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localaws.athena.sql.typed import name_literal
from localaws.athena.sql.types import Type, duckdb_type
from localaws.athena.tables import hive
from localaws.athena.tables.data_files import DataFile, files_below
from localaws.athena.tables.hive import HiveTable
from localaws.athena.tables.parquet import parquet_scan
from localaws.athena.tables.partitions import wanted_partitions
from localaws.athena.tables.pruning import Pruner
from localaws.athena.tables.relation import (
    FILE_MODIFIED,
    FILE_SIZE,
    HIDDEN,
    PATH,
    Relation,
    empty_query,
    text_list,
)
from localaws.athena.tables.text_files import text_scan

if TYPE_CHECKING:
    from localaws.athena.context import Context

FILE_INDEX = "file_index"


def scan_hive(context: Context, table: HiveTable, pruner: Pruner, *, with_hidden: bool) -> Relation:
    """The table as a relation; only the files of the partitions that are left are listed."""
    files = _files(context, table, pruner)
    hidden = HIDDEN if with_hidden else ()
    columns = table.columns + table.partition_keys
    if not files:
        table.format  # noqa: B018 - a SerDe that cannot be read is refused before there is data, too
        return Relation(empty_query(columns + hidden), columns, hidden)
    if table.format == hive.PARQUET:
        source, expressions = parquet_scan(files, table.columns)
    else:
        source, expressions = text_scan(context.session, table, files)
    expressions |= {
        name: per_file([file.values[i] for file in files], kind) for i, (name, kind) in enumerate(table.partition_keys)
    }
    expressions |= hidden_columns(files) if hidden else {}
    selected = ", ".join(f"{expressions[name]} AS {name_literal(name)}" for name, _ in columns + hidden)
    return Relation(f"SELECT {selected} FROM {source}", columns, hidden)


def _files(context: Context, table: HiveTable, pruner: Pruner) -> list[DataFile]:
    if not table.partition_keys:
        return list(files_below(context.store, table.location))
    partitions = wanted_partitions(context.catalog, table, pruner)
    return [file for p in partitions for file in files_below(context.store, p.location, p.values)]


def per_file(values: Sequence[str | None], kind: Type) -> str:
    """An expression of the value that belongs to the file of a row; DuckDB skips files by it."""
    if len(set(values)) == 1:
        return f"CAST(({text_list(values[:1])})[1] AS {duckdb_type(kind)})"
    return f"CAST({text_list(values)} AS {duckdb_type(kind)}[])[CAST({FILE_INDEX} + 1 AS BIGINT)]"


def hidden_columns(files: Sequence[DataFile]) -> dict[str, str]:
    """Expressions of ``$path``, ``$file_size`` and ``$file_modified_time``."""
    return {name: per_file([_hidden_value(file, name) for file in files], kind) for name, kind in HIDDEN}


def _hidden_value(file: DataFile, name: str) -> str:
    if name == PATH:
        return file.uri
    if name == FILE_SIZE:
        return str(file.size)
    assert name == FILE_MODIFIED
    return _timestamp(file.modified)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(sep=" ", timespec="milliseconds")
