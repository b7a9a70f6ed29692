"""Rows of a query in the form that an Iceberg table needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from localaws.athena.errors import QueryError, UnsupportedError

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


def arrow_rows(context: Context, sql: str, schema: Schema) -> pa.Table:
    """The rows with the Arrow types of a schema."""
    target = schema_to_pyarrow(schema, include_field_ids=False)
    batches = list(context.session.stream(sql))
    columns = [
        pa.chunked_array([batch.column(i) for batch in batches], batches[0].schema.field(i).type).cast(field.type)
        if batches
        else pa.chunked_array([], field.type)
        for i, field in enumerate(target)
    ]
    return pa.table(columns, schema=target)


def append(table: Table, rows: pa.Table) -> list[str]:
    """Append rows as one snapshot; return the locations of the new files."""
    before = set(data_files_of(table))
    try:
        table.append(rows)
    except (NotImplementedError, ValueError) as error:
        raise UnsupportedError(f"INSERT into Iceberg table: {str(error)[:200]}") from error
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit to Iceberg table: {error}") from error
    return [file for file in data_files_of(table) if file not in before]


def data_files_from(table: Table, rows: pa.Table) -> list[DataFile]:
    """Write rows as data files that are not part of a snapshot yet; raise UnsupportedError, QueryError."""
    try:
        files = list(_dataframe_to_data_files(table.metadata, rows, table.io))
    except (NotImplementedError, ValueError) as error:
        raise UnsupportedError(f"write to Iceberg table: {str(error)[:200]}") from error
    for file in files:
        file.spec_id = table.metadata.default_spec_id
    return files


def data_files_of(table: Table) -> list[str]:
    """Locations of the files of the current snapshot."""
    if table.current_snapshot() is None:
        return []
    return [task.file.file_path for task in table.scan().plan_files()]
