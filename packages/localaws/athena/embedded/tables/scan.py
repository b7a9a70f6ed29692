"""A Hive table's rows, with its partition keys and hidden columns, as one DuckDB query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localaws.athena.embedded.relation import (
    FILE_MODIFIED,
    FILE_SIZE,
    HIDDEN,
    PATH,
    Relation,
    empty_query,
    text_list,
)
from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.avro import avro_scan
from localaws.athena.embedded.tables.orc import orc_scan
from localaws.athena.embedded.tables.parquet import parquet_expressions
from localaws.athena.embedded.tables.parquet_files import groups_of, parquet_source
from localaws.athena.embedded.tables.projection import wanted_partitions
from localaws.athena.embedded.tables.pruning import Pruner
from localaws.athena.embedded.tables.serdes import AVRO, ORC, PARQUET, check_followed, serde_of
from localaws.athena.embedded.tables.text_files import text_scan
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.entries.partitions import check_columns
from localaws.athena.files.data_files import DataFile, files_below
from localaws.athena.types.trino import Columns, Type

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

FILE_INDEX = "file_index"


def scan_hive(context: Context, table: HiveTable, pruner: Pruner, hidden: Columns) -> Relation:
    """The table as a relation; only files of partitions that can satisfy the conditions are listed."""
    check_followed(table)
    columns = table.columns + table.partition_keys
    parts = [
        part
        for storage, files in _files(context, table, pruner)
        if files
        for part in _parts(context, storage, files, hidden)
    ]
    return Relation(" UNION ALL ".join(parts) or empty_query(columns + hidden), columns, hidden)


def _parts(context: Context, table: HiveTable, files: list[DataFile], hidden: Columns) -> list[str]:
    """Queries of the rows of files with one SerDe; Parquet files have one query per group of equal columns."""
    check_followed(table)
    if serde_of(table).format == ORC:
        return [_selected(table, files, hidden, orc_scan(context.session, table, files))]
    if serde_of(table).format == AVRO:
        return [_selected(table, files, hidden, avro_scan(context.session, table, files))]
    if serde_of(table).format != PARQUET:
        return [_selected(table, files, hidden, text_scan(context.session, table, files))]
    groups = [[files[i] for i in group] for group in groups_of(files)]
    return [
        _selected(table, group, hidden, (parquet_source(group), parquet_expressions(group, table.columns)))
        for group in groups
    ]


def _selected(
    table: HiveTable, files: Sequence[DataFile], hidden: Columns, source: tuple[str, Mapping[str, str]]
) -> str:
    """A query of the rows of some files: the source's columns, then partition keys and hidden columns of each file."""
    keys = {
        name: per_file([file.values[i] for file in files], kind) for i, (name, kind) in enumerate(table.partition_keys)
    }
    expressions = {**source[1], **keys, **(hidden_columns(files) if hidden else {})}
    names = [name for name, _ in table.columns + table.partition_keys + hidden]
    return f"SELECT {', '.join(f'{expressions[name]} AS {name_literal(name)}' for name in names)} FROM {source[0]}"


def _files(context: Context, table: HiveTable, pruner: Pruner) -> list[tuple[HiveTable, list[DataFile]]]:
    """The files to read, grouped by their partitions' storage descriptors."""
    if not table.partition_keys:
        return [(table, list(files_below(context.store, table.location)))]
    groups: list[tuple[HiveTable, list[DataFile]]] = []
    for partition in wanted_partitions(context.catalog, table, pruner):
        check_columns(partition)
        files = list(files_below(context.store, partition.location, partition.values))
        alike = next((files for storage, files in groups if storage == partition.table), None)
        if alike is None:
            groups.append((partition.table, files))
        else:
            alike += files
    return groups


def per_file(values: Sequence[str | None], kind: Type) -> str:
    """SQL for a value that depends on the row's file; DuckDB can skip files by it."""
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
