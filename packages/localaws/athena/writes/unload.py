"""UNLOAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.ddl.cursor import Cursor
from localaws.athena.errors import QueryError
from localaws.athena.queries import check_names, prepare_query
from localaws.athena.results.outcome import Written
from localaws.athena.statements import Statement
from localaws.athena.tables.relation import Columns
from localaws.athena.writes.data_files import Target, check_empty, write_rows
from localaws.athena.writes.options import FileOptions, check_options, names_option, with_options

if TYPE_CHECKING:
    from localaws.athena.context import Context

_OPTIONS = {"format", "compression", "field_delimiter", "partitioned_by"}


def unload(context: Context, statement: Statement) -> Written:
    """UNLOAD (query) TO 's3://..' WITH (format = .., ...): files, and no table."""
    cursor = Cursor(statement)
    cursor.expect("UNLOAD")
    text = cursor.parenthesised()
    cursor.expect("TO")
    location = cursor.string()
    cursor.expect("WITH")
    options = with_options(cursor)
    cursor.expect_end()
    check_options(options, _OPTIONS, "UNLOAD")
    if "format" not in options:
        raise QueryError("SYNTAX_ERROR", "UNLOAD needs the property format")
    query = prepare_query(context, text)
    columns: Columns = tuple((name or f"_col{i}", kind) for i, (name, kind) in enumerate(query.columns))
    check_names(columns)
    check_empty(context, location, "UNLOAD")
    keys = last_columns(columns, names_option(options, "partitioned_by"))
    target = Target(location, FileOptions.of(options), keys)
    rows, partitions = write_rows(context, query.sql(columns), columns, target)
    return Written(rows, [file for partition in partitions for file in partition.files])


def last_columns(columns: Columns, names: list[str]) -> Columns:
    """The partition columns; raise QueryError unless they are the last ones, in this order, and not all."""
    keys = columns[len(columns) - len(names) :] if names else ()
    if [name.lower() for name, _ in keys] != names or len(keys) == len(columns):
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"{names}",
        )
    return keys
