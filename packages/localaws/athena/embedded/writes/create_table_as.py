"""CREATE TABLE .. AS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.athena.ddl.alter_partitions import partition_input
from localaws.athena.ddl.create_table import iceberg_properties, partition_spec
from localaws.athena.ddl.new_tables import (
    HIVE_OPTIONS,
    ICEBERG_OPTIONS,
    NewTable,
    check_empty,
    hive_location,
    iceberg_location,
    read_create_table_as,
)
from localaws.athena.embedded.queries import Prepared, prepare_query
from localaws.athena.embedded.writes.buckets import BUCKET_OPTIONS, Buckets, buckets_option
from localaws.athena.embedded.writes.data_files import NewPartition, Target, write_rows
from localaws.athena.embedded.writes.iceberg_rows import arrow_rows, data_files_of
from localaws.athena.embedded.writes.options import FileOptions
from localaws.athena.embedded.writes.unload import last_columns
from localaws.athena.entries.formats import FORMATS
from localaws.athena.entries.partitions import HIVE_NULL
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Written
from localaws.athena.syntax.options import check_options, names_option
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.column_names import check_names
from localaws.athena.types.hive import hive_name
from localaws.athena.types.iceberg import iceberg_schema
from localaws.athena.types.trino import Columns, Type, timestamp, timestamptz
from localaws.iceberg.tables import NewTable as Declared

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


def create_table_as(context: Context, statement: Statement) -> Written:
    """Write the rows of a query, then create the table over them."""
    new = read_create_table_as(context, statement)
    if new.present:
        return Written(0, [])
    query = prepare_query(context, new.query)
    check_names(query.columns)
    return (_iceberg if new.is_iceberg else _hive)(context, new, query)


def _hive(context: Context, new: NewTable, query: Prepared) -> Written:
    options = new.options
    check_options(options, HIVE_OPTIONS | BUCKET_OPTIONS, "CREATE TABLE AS")
    location = hive_location(context, options)
    check_empty(context, location, f"table '{new.database}.{new.name}'")
    columns: Columns = tuple((column.lower(), _stored(kind)) for column, kind in query.columns)
    keys = last_columns(columns, names_option(options, "partitioned_by"))
    buckets = buckets_option(options, columns[: len(columns) - len(keys)])
    files = FileOptions.of(options)
    sql = query.sql(columns) + ("" if new.with_data else " LIMIT 0")
    rows, partitions = write_rows(context, sql, columns, Target(location, files, keys, buckets=buckets))
    table = _table_input(new.name, columns, keys, location, files)
    if buckets:
        table["StorageDescriptor"] |= _bucketed(buckets)
    context.catalog.tables.create(new.database, table)
    add_partitions(context, new.database, table, partitions)
    return Written(rows, [file for partition in partitions for file in partition.files])


def _stored(kind: Type) -> Type:
    """Return the type in which Hive stores a column: timestamps have at least three digits."""
    if kind.name == "unknown":
        raise QueryError("COLUMN_TYPE_UNKNOWN", "Column type is unknown: cast NULL to a type")
    return timestamp(3) if kind.name == "timestamp" and kind.size[0] < 3 else kind


def _bucketed(buckets: Buckets) -> dict[str, Any]:
    return {"BucketColumns": [name for name, _ in buckets.columns], "NumberOfBuckets": buckets.count}


def _table_input(name: str, columns: Columns, keys: Columns, location: str, files: FileOptions) -> dict[str, Any]:
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
    """Add the written partitions to the catalog."""
    inputs = [
        partition_input(table, [HIVE_NULL if v is None else v for v in p.values], p.location)
        for p in partitions
        if p.values
    ]
    if inputs:
        context.catalog.partitions.create(database, str(table["Name"]), inputs)


def _iceberg(context: Context, new: NewTable, query: Prepared) -> Written:
    options = new.options
    check_options(options, ICEBERG_OPTIONS, "CREATE TABLE AS of an Iceberg table")
    columns: Columns = tuple((column.lower(), _iceberg_stored(kind)) for column, kind in query.columns)
    schema = iceberg_schema(columns)
    spec = partition_spec(schema, names_option(options, "partitioning"))
    given = {key: str(value) for key, value in options.items() if key in ("format", "write_compression")}
    table = Declared(schema, spec, location=iceberg_location(options), properties=iceberg_properties(given))
    transaction = context.iceberg.stage(new.database, new.name, table)
    rows = arrow_rows(context, query.sql(columns), schema) if new.with_data else None
    if rows is not None and rows.num_rows:
        transaction.append(rows)
    transaction.commit_transaction()
    return Written(rows.num_rows if rows else 0, data_files_of(context.iceberg.load(new.database, new.name)))


def _iceberg_stored(kind: Type) -> Type:
    """The type in which Iceberg stores a column: six digits of a second, no small integers, unbounded strings."""
    widened = {"timestamp": timestamp(6), "timestamp with time zone": timestamptz(6), "varchar": Type("varchar")}
    if kind.name in ("tinyint", "smallint"):
        return Type("integer")
    return widened.get(kind.name, _stored(kind))
