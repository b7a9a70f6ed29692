"""CREATE TABLE .. AS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.ddl.alter_partitions import partition_input
from localaws.athena.ddl.create_table import iceberg_properties, partition_spec
from localaws.athena.ddl.cursor import Cursor
from localaws.athena.ddl.formats import FORMATS
from localaws.athena.ddl.glue_tables import Name, check_database, exists
from localaws.athena.errors import QueryError
from localaws.athena.queries import Prepared, check_names, prepare_query
from localaws.athena.results.outcome import Written
from localaws.athena.sql.types import Type, timestamp, timestamptz
from localaws.athena.statements import Statement
from localaws.athena.tables.hive import hive_name
from localaws.athena.tables.iceberg_types import iceberg_schema
from localaws.athena.tables.partitions import HIVE_NULL
from localaws.athena.tables.relation import Columns
from localaws.athena.writes.data_files import NewPartition, Target, check_empty, write_rows
from localaws.athena.writes.iceberg_rows import arrow_rows, data_files_of
from localaws.athena.writes.options import FileOptions, Value, check_options, names_option, with_options
from localaws.athena.writes.unload import last_columns
from localaws.iceberg.tables import NewTable

if TYPE_CHECKING:
    from localaws.athena.context import Context

_HIVE_OPTIONS = {
    "format", "write_compression", "parquet_compression", "orc_compression", "compression", "field_delimiter",
    "partitioned_by", "external_location", "is_external", "table_type",
}  # fmt: skip
_ICEBERG_OPTIONS = {"table_type", "location", "is_external", "format", "write_compression", "partitioning"}


def create_table_as(context: Context, statement: Statement) -> Written:
    """Write the rows of a query, then show them as a table: nobody sees a part of it."""
    cursor = Cursor(statement)
    cursor.expect("CREATE", "TABLE")
    quiet = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.qualified_name()
    options = with_options(cursor) if cursor.accept("WITH") else {}
    cursor.expect("AS")
    text, with_data = _without_suffix(cursor.rest())
    database = name[0] or context.database
    check_database(context, database)
    if exists(context, name):
        if quiet:
            return Written(0, [])
        raise QueryError(
            "TABLE_ALREADY_EXISTS", f"line 1:1: Destination table 'awsdatacatalog.{database}.{name[1]}' already exists"
        )
    query = prepare_query(context, text)
    check_names(query.columns)
    if str(options.get("table_type", "HIVE")).upper() == "ICEBERG":
        return _iceberg(context, (database, name[1]), query, options, with_data=with_data)
    return _hive(context, (database, name[1]), query, options, with_data=with_data)


def _without_suffix(text: str) -> tuple[str, bool]:
    words = text.upper().split()
    if words[-3:] == ["WITH", "NO", "DATA"]:
        return text[: text.upper().rindex("WITH")], False
    if words[-2:] == ["WITH", "DATA"]:
        return text[: text.upper().rindex("WITH")], True
    return text, True


def _hive(context: Context, name: Name, query: Prepared, options: dict[str, Value], *, with_data: bool) -> Written:
    check_options(options, _HIVE_OPTIONS, "CREATE TABLE AS")
    location = _location(context, options)
    check_empty(context, location, f"table '{name[0]}.{name[1]}'")
    columns: Columns = tuple((column.lower(), _stored(kind)) for column, kind in query.columns)
    keys = last_columns(columns, names_option(options, "partitioned_by"))
    files = FileOptions.of(options)
    sql = query.sql(columns) + ("" if with_data else " LIMIT 0")
    rows, partitions = write_rows(context, sql, columns, Target(location, files, keys))
    table = _table_input(name[1], columns, keys, location, files)
    context.catalog.create_table(str(name[0]), table)
    add_partitions(context, str(name[0]), table, partitions)
    return Written(rows, [file for partition in partitions for file in partition.files])


def _stored(kind: Type) -> Type:
    """A timestamp of fewer digits is kept with Hive's three."""
    if kind.name == "unknown":
        raise QueryError("COLUMN_TYPE_UNKNOWN", "Column type is unknown: cast NULL to a type")
    return timestamp(3) if kind.name == "timestamp" and kind.size[0] < 3 else kind


def _location(context: Context, options: dict[str, Value]) -> str:
    given = options.get("external_location")
    if given is None:
        return f"{context.location}tables/{context.execution.id}/"
    configuration = context.saved.work_group(context.execution.workgroup).configuration
    own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    if configuration.get("EnforceWorkGroupConfiguration") and own:
        raise QueryError(
            "INVALID_TABLE_PROPERTY",
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries.",
        )
    return str(given).rstrip("/") + "/"


def _table_input(name: str, columns: Columns, keys: Columns, location: str, files: FileOptions) -> dict[str, object]:
    form = FORMATS[files.format]
    parameters = {"field.delim": files.delimiter} if files.format == "TEXTFILE" else {}
    glue = [{"Name": column, "Type": hive_name(kind)} for column, kind in columns]
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "PartitionKeys": glue[len(columns) - len(keys) :],
        "StorageDescriptor": {
            "Columns": glue[: len(columns) - len(keys)],
            "Location": location,
            "InputFormat": form.input_format,
            "OutputFormat": form.output_format,
            "SerdeInfo": {"SerializationLibrary": form.serde, "Parameters": {"serialization.format": "1"} | parameters},
        },
    }


def add_partitions(context: Context, database: str, table: dict[str, object], partitions: list[NewPartition]) -> None:
    """Show written partitions in the catalog."""
    inputs = [
        partition_input(table, [HIVE_NULL if v is None else v for v in p.values], p.location)
        for p in partitions
        if p.values
    ]
    if inputs:
        context.catalog.batch_create_partitions(database, str(table["Name"]), inputs)


def _iceberg(context: Context, name: Name, query: Prepared, options: dict[str, Value], *, with_data: bool) -> Written:
    check_options(options, _ICEBERG_OPTIONS, "CREATE TABLE AS of an Iceberg table")
    if "location" not in options:
        raise QueryError("INVALID_TABLE_PROPERTY", "CREATE TABLE AS of an Iceberg table needs the property location")
    columns: Columns = tuple((column.lower(), _iceberg_stored(kind)) for column, kind in query.columns)
    schema = iceberg_schema(columns)
    spec = partition_spec(schema, names_option(options, "partitioning"))
    given = {key: str(value) for key, value in options.items() if key in ("format", "write_compression")}
    new = NewTable(schema, spec, location=str(options["location"]), properties=iceberg_properties(given))
    transaction = context.iceberg.stage(str(name[0]), name[1], new)
    rows = arrow_rows(context, query.sql(columns), schema) if with_data else None
    if rows is not None and rows.num_rows:
        transaction.append(rows)
    transaction.commit_transaction()
    table = context.iceberg.load(str(name[0]), name[1])
    return Written(rows.num_rows if rows else 0, data_files_of(table))


def _iceberg_stored(kind: Type) -> Type:
    """Iceberg keeps instants with six digits, small integers as integer, strings without a bound."""
    widened = {"timestamp": timestamp(6), "timestamp with time zone": timestamptz(6), "varchar": Type("varchar")}
    if kind.name in ("tinyint", "smallint"):
        return Type("integer")
    return widened.get(kind.name, _stored(kind))
