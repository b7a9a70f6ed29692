"""UNLOAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.ddl.new_tables import check_empty, read_unload
from localaws.athena.embedded.queries import prepare_query
from localaws.athena.embedded.writes.data_files import Target, write_rows
from localaws.athena.embedded.writes.options import FileOptions
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Written
from localaws.athena.syntax.options import names_option
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.column_names import check_names
from localaws.athena.types.trino import Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


def unload(context: Context, statement: Statement) -> Written:
    """UNLOAD (query) TO 's3://..' WITH (format = .., ...): write files without a table."""
    asked = read_unload(context, statement)
    location, options = asked.location, asked.options
    query = prepare_query(context, asked.query)
    columns: Columns = tuple((name or f"_col{i}", kind) for i, (name, kind) in enumerate(query.columns))
    check_names(columns)
    check_empty(context, location, "UNLOAD")
    keys = last_columns(columns, names_option(options, "partitioned_by"))
    target = Target(location, FileOptions.of(options), keys)
    rows, partitions = write_rows(context, query.sql(columns), columns, target)
    return Written(rows, [file for partition in partitions for file in partition.files])


def last_columns(columns: Columns, names: list[str]) -> Columns:
    """The partition columns; raise QueryError unless they are the last columns, in this order, and not all columns."""
    keys = columns[len(columns) - len(names) :] if names else ()
    if [name.lower() for name, _ in keys] != names or len(keys) == len(columns):
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"{names}",
        )
    return keys
