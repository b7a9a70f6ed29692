"""Iceberg tables: PyIceberg plans the files of a snapshot, DuckDB reads them by field ID."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyiceberg.table import Table
from sqlglot import exp

from localaws.athena.embedded.relation import Relation, empty_query
from localaws.athena.embedded.tables.iceberg_files import read_by_id
from localaws.athena.embedded.tables.iceberg_scan import IcebergScan, plan_scan
from localaws.athena.embedded.tables.row_filter import row_filter
from localaws.athena.embedded.tables.time_travel import version_of
from localaws.athena.errors import UnsupportedError
from localaws.athena.types.iceberg import columns_of
from localaws.athena.types.trino import Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context
    from localaws.athena.embedded.tables.pruning import Pruner


def scan_iceberg(
    context: Context, glue_table: Mapping[str, Any], node: exp.Table, pruner: Pruner, hidden: Columns
) -> Relation:
    """One snapshot of a table as a relation, without files that cannot satisfy the query's WHERE."""
    table = context.iceberg.load(glue_table["DatabaseName"], glue_table["Name"])
    return scan_table(context, table, node, pruner, hidden)


def scan_table(context: Context, table: Table, node: exp.Table, pruner: Pruner, hidden: Columns) -> Relation:
    """Do the same for a loaded table; raise UnsupportedError for ``hidden`` if DuckDB cannot read the files."""
    version = version_of(table, node)
    plan = plan_scan(context, table, version, row_filter(version.schema, pruner.conditions))
    columns = columns_of(plan.schema)
    if not plan.tasks:
        return Relation(empty_query(columns + hidden), columns, hidden)
    if plan.is_certain():
        return Relation(read_by_id(context, plan, columns, hidden), columns, hidden)
    if hidden:
        raise UnsupportedError(f'"{hidden[0][0]}" on an Iceberg table whose files PyIceberg has to read')
    return _read_with_pyiceberg(context, plan, columns)


def _read_with_pyiceberg(context: Context, plan: IcebergScan, columns: Columns) -> Relation:
    """Read the rows with PyIceberg, which supports evolved rows, lists and maps, name mappings and deletion vectors."""
    try:
        rows = plan.scan.to_arrow()
    except (ValueError, NotImplementedError) as error:
        raise UnsupportedError(f"Iceberg table {'.'.join(plan.table.name())}: {str(error)[:200]}") from error
    for task in plan.tasks:
        context.session.count_scanned(task.file.file_size_in_bytes)
    return context.session.relation(rows.rename_columns([name for name, _ in columns]), columns)
