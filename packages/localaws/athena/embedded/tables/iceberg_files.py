"""Iceberg's Parquet files, read by field ID and without their deleted rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
from pyiceberg.table import FileScanTask

from localaws.athena.embedded.relation import POSITION
from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.embedded.tables.iceberg_scan import IcebergScan
from localaws.athena.embedded.tables.parquet_files import columns_of_file, groups_of, parquet_source
from localaws.athena.embedded.tables.scan import hidden_columns
from localaws.athena.types.trino import Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_numbers = count()


def read_by_id(context: Context, plan: IcebergScan, columns: Columns, hidden: Columns = ()) -> str:
    """A DuckDB query of the live rows of a plan for which :meth:`IcebergScan.is_certain` is true."""
    parts = []
    for group in groups_of(plan.files):
        tasks = [plan.tasks[i] for i in group]
        for with_deletes in (False, True):
            chosen = [i for i, task in zip(group, tasks, strict=True) if bool(task.delete_files) == with_deletes]
            if chosen:
                parts.append(_selected(context, plan, chosen, columns, hidden))
    return " UNION ALL ".join(parts)


def _selected(context: Context, plan: IcebergScan, chosen: Sequence[int], columns: Columns, hidden: Columns) -> str:
    """The live rows of files with equal columns, of which either all or none have deletes."""
    files = [plan.files[i] for i in chosen]
    names = {column.field_id: name_literal(column.name) for column in columns_of_file(files[0])}
    expressions = {
        name: f"CAST({names.get(field.field_id, 'NULL')} AS {duckdb_type(kind)})"
        for field, (name, kind) in zip(plan.schema.fields, columns, strict=True)
    } | (hidden_columns(files) | {POSITION: "d.file_row_number"} if hidden else {})
    selected = ", ".join(f"{expressions[name]} AS {name_literal(name)}" for name, _ in columns + hidden)
    deletes = _deletes(context, [plan.tasks[i] for i in chosen])
    where = (
        f" ANTI JOIN {deletes} AS x ON d.file_index = x.file_number AND d.file_row_number = x.pos" if deletes else ""
    )
    return f"SELECT {selected} FROM {parquet_source(files)} AS d{where}"


def _deletes(context: Context, tasks: Sequence[FileScanTask]) -> str:
    """A temporary table of deleted rows (index of the file in the scan, position in the file); '' without deletes.

    A delete file applies only to the data files that Iceberg's sequence numbers assign to it.
    """
    pairs = [
        (str(context.iceberg.io.local_path(delete.file_path)), task.file.file_path, number)
        for number, task in enumerate(tasks)
        for delete in task.delete_files
    ]
    if not pairs:
        return ""
    name = f"deletes_{next(_numbers)}"
    applied = pa.table(list(map(list, zip(*pairs, strict=True))), names=["delete_path", "data_path", "file_number"])
    context.session.register(f"{name}_of", applied)
    paths = ", ".join(text_literal(path) for path in sorted({path for path, _, _ in pairs}))
    context.session.execute(
        f"CREATE TEMP TABLE {name} AS SELECT DISTINCT o.file_number, f.pos FROM read_parquet([{paths}], "
        f"filename='delete_path', hive_partitioning=false) AS f JOIN {name}_of AS o "
        "ON o.delete_path = f.delete_path AND o.data_path = f.file_path"
    )
    return name
