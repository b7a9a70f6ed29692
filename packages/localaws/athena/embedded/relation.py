"""A table, view or metadata table as a query sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.types.trino import BIGINT, VARCHAR, Columns, Type, timestamptz

PATH, FILE_SIZE, FILE_MODIFIED = "$path", "$file_size", "$file_modified_time"
POSITION = "$position"
HIDDEN: Columns = ((PATH, VARCHAR), (FILE_SIZE, BIGINT), (FILE_MODIFIED, timestamptz(3)))

# The position of a row in an Iceberg table: a data file, and the row's position in it.
PLACE: Columns = ((PATH, VARCHAR), (POSITION, BIGINT))


@dataclass(frozen=True)
class Relation:
    """``sql`` is a DuckDB query with the columns ``columns``, then ``hidden``, which ``*`` leaves out."""

    sql: str
    columns: Columns
    hidden: Columns = ()


def empty_query(columns: Iterable[tuple[str, Type]]) -> str:
    """A query with these columns and no rows."""
    nulls = ", ".join(f"CAST(NULL AS {duckdb_type(kind)}) AS {name_literal(name)}" for name, kind in columns)
    return f"SELECT {nulls} WHERE false"


def text_list(values: Iterable[str | None]) -> str:
    """A DuckDB list of strings."""
    return "[" + ", ".join("NULL" if value is None else text_literal(value) for value in values) + "]::VARCHAR[]"
