"""CREATE TABLE .. AS and UNLOAD, parsed in the same way for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.entries.glue_tables import check_database, exists
from localaws.athena.errors import QueryError
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.options import Value, check_options, with_options
from localaws.athena.syntax.statements import Statement
from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.athena.engine import Context

HIVE_OPTIONS = frozenset({
    "format", "write_compression", "parquet_compression", "orc_compression", "compression", "field_delimiter",
    "partitioned_by", "external_location", "is_external", "table_type",
})  # fmt: skip
ICEBERG_OPTIONS = frozenset({"table_type", "location", "is_external", "format", "write_compression", "partitioning"})
UNLOAD_OPTIONS = frozenset({"format", "compression", "field_delimiter", "partitioned_by"})
_COMPRESSIONS = ("write_compression", "parquet_compression", "orc_compression", "compression")


@dataclass(frozen=True)
class NewTable:
    """A parsed CREATE TABLE .. AS. ``present`` means that the table exists and IF NOT EXISTS was given."""

    database: str
    name: str
    options: Mapping[str, Value]
    query: str
    with_data: bool
    present: bool

    @property
    def is_iceberg(self) -> bool:
        return str(self.options.get("table_type", "HIVE")).upper() == "ICEBERG"


@dataclass(frozen=True)
class Unloading:
    """A parsed UNLOAD."""

    query: str
    location: str
    options: Mapping[str, Value]


def read_create_table_as(context: Context, statement: Statement) -> NewTable:
    """Parse CREATE TABLE .. AS; raise QueryError if the table exists, or the database does not."""
    cursor = Cursor(statement)
    cursor.expect("CREATE", "TABLE")
    quiet = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.qualified_name()
    options = with_options(cursor) if cursor.accept("WITH") else {}
    cursor.expect("AS")
    query, with_data = _without_suffix(cursor.rest())
    database = name[0] or context.database
    check_database(context, database)
    present = exists(context, name)
    if present and not quiet:
        raise QueryError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name[1]}' already exists"
        )
    return NewTable(database, name[1], options, query, with_data, present)


def _without_suffix(text: str) -> tuple[str, bool]:
    words = text.upper().split()
    if words[-3:] == ["WITH", "NO", "DATA"]:
        return text[: text.upper().rindex("WITH")], False
    if words[-2:] == ["WITH", "DATA"]:
        return text[: text.upper().rindex("WITH")], True
    return text, True


def read_unload(context: Context, statement: Statement) -> Unloading:
    """Parse UNLOAD; raise QueryError if the format is missing, UnsupportedError for an unsupported property."""
    cursor = Cursor(statement)
    cursor.expect("UNLOAD")
    query = cursor.parenthesised()
    cursor.expect("TO")
    location = cursor.string()
    cursor.expect("WITH")
    options = with_options(cursor)
    cursor.expect_end()
    check_options(options, UNLOAD_OPTIONS, "UNLOAD")
    if "format" not in options:
        raise QueryError("SYNTAX_ERROR", "UNLOAD needs the property format")
    return Unloading(query, location, options)


def hive_location(context: Context, options: Mapping[str, Value]) -> str:
    """Return the location of a new Hive table; raise QueryError for a location that the workgroup does not allow."""
    given = options.get("external_location")
    if given is None:
        return f"{context.location}tables/{context.execution.id}/"
    if context.enforced:
        raise QueryError(
            "INVALID_TABLE_PROPERTY",
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries.",
        )
    return str(given).rstrip("/") + "/"


def iceberg_location(options: Mapping[str, Value]) -> str:
    """Return the location of a new Iceberg table; raise QueryError if none is given."""
    if "location" not in options:
        raise QueryError("INVALID_TABLE_PROPERTY", "CREATE TABLE AS of an Iceberg table needs the property location")
    return str(options["location"])


def codec_option(options: Mapping[str, Value], default: str = "GZIP") -> str:
    """The compression in the options, in upper case, under any of Athena's names for it."""
    given = [str(options[name]) for name in _COMPRESSIONS if name in options]
    return given[0].upper() if given else default


def check_empty(context: Context, location: str, what: str) -> None:
    """Raise QueryError if a location that must be empty contains objects."""
    bucket, key = split_uri(location)
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    if any(info.size for info in context.store.reads.list(bucket, prefix)):
        raise QueryError(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for {what} already exists: {location}. You may need to "
            "manually clean the data at this location before retrying.",
        )
