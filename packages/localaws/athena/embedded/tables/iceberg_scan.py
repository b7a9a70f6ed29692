"""Files and schema of one snapshot of an Iceberg table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.types import IcebergType, StructType

from localaws.athena.embedded.tables.parquet_files import columns_of_file
from localaws.athena.embedded.tables.plan_cache import PlanCache
from localaws.athena.embedded.tables.time_travel import Version
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.files.data_files import DataFile

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_NAME_MAPPING = "schema.name-mapping.default"
_plans = PlanCache()


@dataclass(frozen=True)
class IcebergScan:
    """The tasks of a scan and their files, in the same order, and the schema in which their rows are read."""

    table: Table
    schema: Schema
    scan: DataScan
    tasks: Sequence[FileScanTask]
    files: Sequence[DataFile]

    def is_certain(self) -> bool:
        """Return whether reading by the field IDs of top-level columns has the result that Iceberg's rules require."""
        metadata = self.table.metadata
        if _NAME_MAPPING in metadata.properties or metadata.format_version > 2:
            return False
        if not all(task.file.file_format == FileFormat.PARQUET for task in self.tasks):
            return False
        deletes = {file for task in self.tasks for file in task.delete_files}
        if any(d.content != DataFileContent.POSITION_DELETES or d.file_format != FileFormat.PARQUET for d in deletes):
            return False
        if any(column.field_id is None for file in self.files for column in columns_of_file(file)):
            return False
        return _nested_types_never_changed(self.schema, metadata.schemas)


def plan_scan(
    context: Context, table: Table, version: Version, row_filter: BooleanExpression | None = None
) -> IcebergScan:
    """Plan one version of a table, without files that cannot satisfy ``row_filter``.

    Raises UnsupportedError for a scan that PyIceberg cannot plan, QueryError for a file that does not exist any more.
    """
    scan = table.scan(row_filter=row_filter or AlwaysTrue(), snapshot_id=version.snapshot_id)
    try:
        tasks = () if version.is_empty else _plans.plan(table.metadata_location, scan)
    except (ValueError, NotImplementedError) as error:
        raise UnsupportedError(f"Iceberg table {'.'.join(table.name())}: {str(error)[:200]}") from error
    return IcebergScan(table, version.schema, scan, tasks, [_data_file(context, task) for task in tasks])


def _data_file(context: Context, task: FileScanTask) -> DataFile:
    path = context.iceberg.io.local_path(task.file.file_path)
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise QueryError("ICEBERG_CANNOT_OPEN_SPLIT", f"Error opening Iceberg split {task.file.file_path}") from None
    return DataFile(task.file.file_path, path, stat.st_size, stat.st_mtime)


def _nested_types_never_changed(schema: Schema, schemas: Sequence[Schema]) -> bool:
    """Return whether no row, list or map type has ever changed: DuckDB reads nested fields by name, not by ID."""
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
