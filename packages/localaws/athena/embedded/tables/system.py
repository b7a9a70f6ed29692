"""Metadata tables such as ``"table$snapshots"``.

Columns: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from localaws.athena.embedded.relation import Relation
from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.entries.hive_table import hive_table, is_projected
from localaws.athena.entries.partitions import partitions_of
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.types.iceberg import trino_type
from localaws.athena.types.trino import BIGINT, BOOLEAN, INTEGER, VARCHAR, Columns, array, map_of, row, timestamptz

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_COUNTS = map_of(INTEGER, BIGINT)
_COLUMNS: dict[str, Columns] = {
    "snapshots": (
        ("committed_at", timestamptz(3)),
        ("snapshot_id", BIGINT),
        ("parent_id", BIGINT),
        ("operation", VARCHAR),
        ("manifest_list", VARCHAR),
        ("summary", map_of(VARCHAR, VARCHAR)),
    ),
    "history": (
        ("made_current_at", timestamptz(3)),
        ("snapshot_id", BIGINT),
        ("parent_id", BIGINT),
        ("is_current_ancestor", BOOLEAN),
    ),
    "refs": (
        ("name", VARCHAR),
        ("type", VARCHAR),
        ("snapshot_id", BIGINT),
        ("max_reference_age_in_ms", BIGINT),
        ("min_snapshots_to_keep", INTEGER),
        ("max_snapshot_age_in_ms", BIGINT),
    ),
    "manifests": (
        ("path", VARCHAR),
        ("length", BIGINT),
        ("partition_spec_id", INTEGER),
        ("added_snapshot_id", BIGINT),
        ("added_data_files_count", INTEGER),
        ("existing_data_files_count", INTEGER),
        ("deleted_data_files_count", INTEGER),
    ),
    "files": (
        ("content", INTEGER),
        ("file_path", VARCHAR),
        ("file_format", VARCHAR),
        ("record_count", BIGINT),
        ("file_size_in_bytes", BIGINT),
        ("column_sizes", _COUNTS),
        ("value_counts", _COUNTS),
        ("null_value_counts", _COUNTS),
        ("nan_value_counts", _COUNTS),
        ("split_offsets", array(BIGINT)),
        ("equality_ids", array(INTEGER)),
    ),
}


def system_table(context: Context, table: Mapping[str, Any], kind: str, place: str) -> Relation:
    """A metadata table of an Iceberg table, or the partitions of a Hive table.

    Raises QueryError (TABLE_NOT_FOUND) for a metadata table that the table does not have.
    """
    database, name = table["DatabaseName"], table["Name"]
    if not context.iceberg.is_iceberg(table):
        if kind == "partitions" and table.get("PartitionKeys"):
            return _hive_partitions(context, table)
        raise _missing(database, name, kind, place)
    try:
        iceberg = context.iceberg.load(database, name)
    except NoSuchTableError:
        raise _missing(database, name, kind, place) from None
    if kind == "partitions":
        return _iceberg_partitions(context, iceberg)
    if kind not in _COLUMNS:
        raise _missing(database, name, kind, place)
    return _inspected(context, iceberg, kind)


def _missing(database: str, name: str, kind: str, place: str) -> QueryError:
    return QueryError("TABLE_NOT_FOUND", f"{place}Table 'awsdatacatalog.{database}.{name}${kind}' does not exist")


def _inspected(context: Context, table: Table, kind: str) -> Relation:
    columns = _COLUMNS[kind]
    if kind == "files" and table.current_snapshot() is None:
        return _relation(context, columns, [])
    rows = getattr(table.inspect, kind)().to_pylist()
    return _relation(context, columns, [_only(row, columns) for row in rows])


def _only(record: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    return {name: record.get(name) for name, _ in columns}


def _iceberg_partitions(context: Context, table: Table) -> Relation:
    fields = table.metadata.specs_struct().fields
    kind = row(tuple(trino_type(f.field_type) for f in fields), tuple(f.name for f in fields)) if fields else None
    counts: Columns = (("record_count", BIGINT), ("file_count", BIGINT), ("total_size", BIGINT))
    columns: Columns = ((("partition", kind),) if kind else ()) + counts
    rows = table.inspect.partitions().to_pylist() if table.current_snapshot() else []
    shown = [_only(record | {"total_size": record["total_data_file_size_in_bytes"]}, columns) for record in rows]
    return _relation(context, columns, shown)


def _relation(context: Context, columns: Columns, rows: list[dict[str, Any]]) -> Relation:
    arrays = [pa.array([record[name] for record in rows], arrow_type(kind)) for name, kind in columns]
    return context.session.relation(pa.table(arrays, [name for name, _ in columns]), columns)


def _hive_partitions(context: Context, table: Mapping[str, Any]) -> Relation:
    definition = hive_table(table)
    if is_projected(definition):
        raise UnsupportedError(f'"{definition.name}$partitions" of a table with partition projection')
    keys = definition.partition_keys
    rows = [dict(zip((k for k, _ in keys), p.values, strict=True)) for p in partitions_of(context.catalog, definition)]
    texts = _relation(context, tuple((name, VARCHAR) for name, _ in keys), rows)
    typed = ", ".join(f"CAST({name_literal(n)} AS {duckdb_type(kind)}) AS {name_literal(n)}" for n, kind in keys)
    return Relation(f"SELECT {typed} FROM ({texts.sql})", keys)
