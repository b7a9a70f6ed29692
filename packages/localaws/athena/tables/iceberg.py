"""Iceberg tables: PyIceberg plans which files a snapshot has, DuckDB reads them by field id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.manifest import DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.types import IcebergType, StructType
from sqlglot import exp

from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.sql.typed import name_literal, text_literal
from localaws.athena.sql.types import duckdb_type
from localaws.athena.tables.data_files import DataFile
from localaws.athena.tables.iceberg_types import columns_of
from localaws.athena.tables.relation import HIDDEN, Columns, Relation, empty_query
from localaws.athena.tables.row_filter import row_filter
from localaws.athena.tables.scan import hidden_columns
from localaws.athena.tables.time_travel import Version, version_of

if TYPE_CHECKING:
    from localaws.athena.context import Context
    from localaws.athena.tables.pruning import Pruner

_NAME_MAPPING = "schema.name-mapping.default"
_numbers = count()


@dataclass(frozen=True)
class _Plan:
    """The files of a scan and what their rows are read as."""

    table: Table
    schema: Schema
    scan: DataScan
    tasks: Sequence[FileScanTask]


def scan_iceberg(
    context: Context, glue_table: Mapping[str, Any], node: exp.Table, pruner: Pruner, *, with_hidden: bool
) -> Relation:
    """One snapshot of a table as a relation; files that the query's WHERE cannot hold for are left out."""
    table = context.iceberg.load(glue_table["DatabaseName"], glue_table["Name"])
    plan = _plan(table, version_of(table, node), pruner)
    columns = columns_of(plan.schema)
    hidden = HIDDEN if with_hidden else ()
    if not plan.tasks:
        return Relation(empty_query(columns + hidden), columns, hidden)
    if _is_certain(plan):
        return _read_by_id(context, plan, columns, hidden)
    if hidden:
        raise UnsupportedError('"$path" on an Iceberg table whose files PyIceberg has to read')
    return _read_with_pyiceberg(context, plan, columns)


def _plan(table: Table, version: Version, pruner: Pruner) -> _Plan:
    scan = table.scan(row_filter=row_filter(version.schema, pruner.conditions), snapshot_id=version.snapshot_id)
    try:
        tasks = [] if version.is_empty else list(scan.plan_files())
    except (ValueError, NotImplementedError) as error:
        raise UnsupportedError(f"Iceberg table {'.'.join(table.name())}: {str(error)[:200]}") from error
    return _Plan(table, version.schema, scan, tasks)


def _is_certain(plan: _Plan) -> bool:
    """Whether DuckDB's own reading by field id gives what Iceberg's rules give."""
    metadata = plan.table.metadata
    if _NAME_MAPPING in metadata.properties or metadata.format_version > 2:
        return False
    if not all(task.file.file_format == FileFormat.PARQUET for task in plan.tasks):
        return False
    deletes = {file for task in plan.tasks for file in task.delete_files}
    if not all(d.content == DataFileContent.POSITION_DELETES and d.file_format == FileFormat.PARQUET for d in deletes):
        return False
    return _nested_types_never_changed(plan.schema, metadata.schemas)


def _nested_types_never_changed(schema: Schema, schemas: Sequence[Schema]) -> bool:
    """DuckDB maps field ids of top-level columns alone: within a row, list or map nothing may have moved."""
    for field in schema.fields:
        if field.field_type.is_primitive:
            continue
        for other in schemas:
            known = {f.field_id: f for f in other.fields}.get(field.field_id)
            if known and _shape(known.field_type) != _shape(field.field_type):
                return False
    return True


def _shape(kind: IcebergType) -> str:
    if isinstance(kind, StructType):
        return ",".join(f"{field.field_id}:{field.name}:{_shape(field.field_type)}" for field in kind.fields)
    return str(kind)


def _read_by_id(context: Context, plan: _Plan, columns: Columns, hidden: Columns) -> Relation:
    files = [_data_file(context, task) for task in plan.tasks]
    fields = ", ".join(
        f"{field.field_id}: {{name: {text_literal(name)}, type: {text_literal(duckdb_type(kind))}, "
        "default_value: NULL}"
        for field, (name, kind) in zip(plan.schema.fields, columns, strict=True)
    )
    paths = ", ".join(text_literal(str(file.path)) for file in files)
    source = f"read_parquet([{paths}], schema=MAP {{{fields}}}, hive_partitioning=false)"
    expressions = {name: name_literal(name) for name, _ in columns} | (hidden_columns(files) if hidden else {})
    selected = ", ".join(f"{expressions[name]} AS {name_literal(name)}" for name, _ in columns + hidden)
    deletes = _deletes(context, plan.tasks)
    where = (
        f" ANTI JOIN {deletes} AS x ON d.file_index = x.file_number AND d.file_row_number = x.pos" if deletes else ""
    )
    return Relation(f"SELECT {selected} FROM {source} AS d{where}", columns, hidden)


def _data_file(context: Context, task: FileScanTask) -> DataFile:
    path = context.iceberg.io.local_path(task.file.file_path)
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise QueryError("ICEBERG_CANNOT_OPEN_SPLIT", f"Error opening Iceberg split {task.file.file_path}") from None
    return DataFile(task.file.file_path, path, stat.st_size, stat.st_mtime)


def _deletes(context: Context, tasks: Sequence[FileScanTask]) -> str:
    """A temporary table of the deleted places (number of the file in the scan, position in it); '' without deletes.

    A delete file counts for the data files that Iceberg's sequence numbers give it, and for no other.
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


def _read_with_pyiceberg(context: Context, plan: _Plan, columns: Columns) -> Relation:
    """What Iceberg's own reader gives: for evolved rows, lists and maps, name mappings and deletion vectors."""
    try:
        rows = plan.scan.to_arrow()
    except (ValueError, NotImplementedError) as error:
        raise UnsupportedError(f"Iceberg table {'.'.join(plan.table.name())}: {str(error)[:200]}") from error
    for task in plan.tasks:
        context.session.charge(task.file.file_size_in_bytes)
    return context.session.relation(rows.rename_columns([name for name, _ in columns]), columns)
