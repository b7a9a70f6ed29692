"""Changes of a table's declaration: those applied to the existing table, and those refused.

Applied, as metadata only: columns that are new, renamed, wider, no longer required or no longer declared; docs,
partitions and sort order. All other changes are refused. Readers see none of them before a release is published,
because its views are pinned to snapshots, and a snapshot is read with the columns it was written with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from estrela.errors import DefinitionError
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.catalog import Catalog, members
from estrela.etl.sql import quoted
from estrela.model.column import DECIMAL, Column
from estrela.model.partition import UNITS, Bucket, DatePart, PartitionField, column_of, sql_of

WIDER = {("int", "bigint")}
"""Type changes, besides decimals, that Iceberg applies without rewriting data."""


@dataclass(frozen=True)
class StoredColumn:
    """A column as stored in the lake."""

    type: str
    doc: str
    is_required: bool


@dataclass(frozen=True)
class Stored:
    """A table as stored in the lake; ``partitioned_once`` has the columns of all partition specs it ever had."""

    columns: Mapping[str, StoredColumn]
    partition_by: tuple[PartitionField, ...]
    partitioned_once: frozenset[str]
    order: tuple[PartitionField, ...]
    doc: str


def stored(catalog: Catalog, table: LakeTable) -> Stored:
    """Read the definition of an existing table from Iceberg's metadata."""
    iceberg = catalog.read(table)
    schema = iceberg.schema()
    columns = {
        field.name: StoredColumn(field.dataType.simpleString(), field.metadata.get("comment", ""), not field.nullable)
        for field in catalog.spark.table(table.identifier).schema.fields
    }
    return Stored(
        columns,
        tuple(_fields(schema, iceberg.spec())),
        frozenset(column_of(field) for spec in iceberg.specs().values() for field in _fields(schema, spec)),
        tuple(_fields(schema, iceberg.sortOrder())),
        str(iceberg.properties().getOrDefault("comment", "")),
    )


def changes(table: LakeTable, current: Stored) -> Iterator[str]:
    """Yield the statements that update the table to match its declaration, in order.

    Raises DefinitionError for a change that cannot be applied.
    """
    old_names = {
        declared.renamed_from: declared.name for declared in table.columns if declared.name not in current.columns
    }
    renamed = {old: new for old, new in old_names.items() if old in current.columns}
    columns = {renamed.get(name, name): column for name, column in current.columns.items()}
    _refuse(table, columns, {renamed.get(name, name) for name in current.partitioned_once})
    alter = f"ALTER TABLE {table.identifier}"
    yield from (f"{alter} RENAME COLUMN `{old}` TO `{new}`" for old, new in renamed.items())
    for column in table.columns:
        yield from _column_changes(alter, column, columns.get(column.name))
    yield from _partition_changes(alter, table, [_renamed(field, renamed) for field in current.partition_by])
    gone = sorted(columns.keys() - {column.name for column in table.columns})
    yield from (f"{alter} DROP COLUMN `{name}`" for name in gone)
    if tuple(_renamed(field, renamed) for field in current.order) != wanted_order(table):
        yield order_statement(table)
    if current.doc != table.doc:
        yield f"{alter} SET TBLPROPERTIES ('comment'={quoted(table.doc)})"


def wanted_order(table: LakeTable) -> tuple[PartitionField, ...]:
    """Return the columns and date parts by which the table's rows are sorted."""
    return (*table.partition_by, *table.sort_by) if table.sort_by else ()


def order_statement(table: LakeTable) -> str:
    """Return the statement that declares the sort order."""
    order = ", ".join(sql_of(field, "`") for field in wanted_order(table))
    if not order:
        distributed = "DISTRIBUTED BY PARTITION" if table.partition_by else "UNORDERED"
    else:
        distributed = f"{'DISTRIBUTED BY PARTITION LOCALLY ' if table.partition_by else ''}ORDERED BY {order}"
    return f"ALTER TABLE {table.identifier} WRITE {distributed}"


def _column_changes(alter: str, column: Column, known: StoredColumn | None) -> Iterator[str]:
    if known is None:
        yield f"{alter} ADD COLUMN `{column.name}` {column.type} COMMENT {quoted(column.doc)}"
        return
    if known.type != column.type:
        yield f"{alter} ALTER COLUMN `{column.name}` TYPE {column.type}"
    if known.is_required:
        yield f"{alter} ALTER COLUMN `{column.name}` DROP NOT NULL"
    if known.doc != column.doc:
        yield f"{alter} ALTER COLUMN `{column.name}` COMMENT {quoted(column.doc)}"


def _partition_changes(alter: str, table: LakeTable, known: Sequence[PartitionField]) -> Iterator[str]:
    gone, new = [field for field in known if field not in table.partition_by], table.partition_by
    yield from (f"{alter} DROP PARTITION FIELD {sql_of(field, '`')}" for field in gone)
    yield from (f"{alter} ADD PARTITION FIELD {sql_of(field, '`')}" for field in new if field not in known)


def _renamed(field: PartitionField, names: Mapping[str, str]) -> PartitionField:
    name = names.get(column_of(field), column_of(field))
    return name if isinstance(field, str) else replace(field, column=name)


def _refuse(table: LakeTable, columns: Mapping[str, StoredColumn], partitioned_once: Set[str]) -> None:
    for column in table.columns:
        known = columns.get(column.name)
        if known and known.type != column.type and not _is_wider(known.type, column.type):
            raise DefinitionError(
                table.path,
                f"column {column.name!r} has the type {known.type} in the lake and is declared as {column.type}, which"
                " is not wider; declare it under a new name",
            )
    gone = sorted((columns.keys() & partitioned_once) - {column.name for column in table.columns})
    if gone:
        raise DefinitionError(
            table.path,
            f"column {gone[0]!r} is no longer declared, but older snapshots are partitioned by it; declare it again",
        )


def _is_wider(old: str, new: str) -> bool:
    before, after = DECIMAL.fullmatch(old), DECIMAL.fullmatch(re.sub(r"\s", "", new))
    if before and after:
        return int(after[1]) > int(before[1]) and after[2] == before[2]
    return (old, new) in WIDER


def _fields(schema: Any, fields: Any) -> Iterator[PartitionField]:
    """Yield the fields of a partition spec or sort order in declared form, without dropped fields."""
    for field in members(fields.fields()):
        name, transform = schema.findColumnName(field.sourceId()), str(field.transform())
        buckets = re.fullmatch(r"bucket\[(\d+)\]", transform)
        if name is None or transform == "void":
            continue
        if buckets:
            yield Bucket(str(name), int(buckets[1]))
        else:
            yield DatePart(str(name), transform) if transform in UNITS else str(name)
