"""CREATE EXTERNAL TABLE, and CREATE TABLE of an Iceberg table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform

from localaws.athena.ddl.properties import ColumnDefinition, check_unique, column_definition, properties
from localaws.athena.entries.formats import DELIMITED, FORMATS, Format
from localaws.athena.entries.glue_tables import Name, check_database, ddl_error, exists
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.hive import hive_type
from localaws.athena.types.iceberg import iceberg_schema
from localaws.iceberg.tables import NewTable

if TYPE_CHECKING:
    from localaws.athena.engine import Context

_TRANSFORM = re.compile(r"(?P<name>\w+)\s*\((?P<arguments>[^()]*)\)")
_NOT_ICEBERGS = frozenset({"table_type", "format", "write_compression"})
_CODEC = "write.parquet.compression-codec"


@dataclass
class _Definition:
    """The clauses of a CREATE TABLE."""

    columns: list[ColumnDefinition]
    comment: str | None = None
    partitioned_by: list[str] = field(default_factory=list)
    buckets: tuple[list[str], int] | None = None
    format: Format = FORMATS["TEXTFILE"]
    serde: str | None = None
    serde_parameters: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)


def create_table(context: Context, statement: Statement) -> Lines:
    """Add a table to the catalog; raise QueryError if Athena would refuse it."""
    cursor = Cursor(statement)
    cursor.expect("CREATE")
    external = cursor.accept("EXTERNAL")
    cursor.expect("TABLE")
    quiet = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.qualified_name()
    if cursor.peek("LIKE"):
        raise UnsupportedError("CREATE TABLE LIKE")
    definition = _Definition(cursor.listed(lambda: column_definition(cursor)))
    while not cursor.ended:
        _clause(cursor, definition)
    check_database(context, name[0] or context.database)
    if exists(context, name):
        if quiet:
            return Lines()
        raise ddl_error(f"AlreadyExistsException(message:Table {name[1]} already exists)")
    iceberg = definition.parameters.get("table_type", "").upper() == "ICEBERG"
    if external == iceberg:
        raise _wrong_kind(external)
    if not definition.location:
        raise ddl_error("MetaException(message:No location was given: add LOCATION 's3://bucket/folder/')")
    (_create_iceberg if iceberg else _create_hive)(context, name, definition)
    return Lines()


def _wrong_kind(external: bool) -> QueryError:
    if external:
        return QueryError("FAILED", "An Iceberg table is created with CREATE TABLE, not CREATE EXTERNAL TABLE")
    return UnsupportedError("CREATE TABLE without EXTERNAL", "makes Iceberg tables only ('table_type'='ICEBERG')")


def _clause(cursor: Cursor, definition: _Definition) -> None:
    if cursor.accept("COMMENT"):
        definition.comment = cursor.string()
    elif cursor.accept("PARTITIONED", "BY"):
        definition.partitioned_by = cursor.listed(cursor.until)
    elif cursor.accept("CLUSTERED", "BY"):
        columns = cursor.listed(cursor.name)
        cursor.expect("INTO")
        definition.buckets = columns, int(cursor.value())
        cursor.expect("BUCKETS")
    elif cursor.accept("ROW", "FORMAT", "SERDE"):
        definition.serde = cursor.string()
    elif cursor.accept("ROW", "FORMAT", "DELIMITED"):
        definition.serde_parameters |= _delimiters(cursor)
    elif cursor.accept("WITH", "SERDEPROPERTIES"):
        definition.serde_parameters |= properties(cursor)
    elif cursor.accept("STORED", "AS"):
        definition.format = _stored_as(cursor)
    elif cursor.accept("LOCATION"):
        definition.location = cursor.string()
    elif cursor.accept("TBLPROPERTIES"):
        definition.parameters = properties(cursor)
    else:
        raise cursor.fail("Expecting: a clause of CREATE TABLE")


def _delimiters(cursor: Cursor) -> dict[str, str]:
    delimiters: dict[str, str] = {}
    while True:
        for words, name in DELIMITED.items():
            if cursor.accept(*words):
                delimiters[name] = cursor.string()
                break
        else:
            if "field.delim" in delimiters:
                delimiters.setdefault("serialization.format", delimiters["field.delim"])
            return delimiters


def _stored_as(cursor: Cursor) -> Format:
    if cursor.accept("INPUTFORMAT"):
        input_format = cursor.string()
        cursor.expect("OUTPUTFORMAT")
        return Format(FORMATS["TEXTFILE"].serde, input_format, cursor.string())
    name = cursor.name().upper()
    if name not in FORMATS:
        raise UnsupportedError(f"STORED AS {name}")
    return FORMATS[name]


def _create_hive(context: Context, name: Name, definition: _Definition) -> None:
    keys = [_partition_key(text) for text in definition.partitioned_by]
    check_unique(definition.columns, keys)
    storage: dict[str, Any] = {
        "Columns": [column.as_glue() for column in definition.columns],
        "Location": definition.location,
        "InputFormat": definition.format.input_format,
        "OutputFormat": definition.format.output_format,
        "Compressed": False,
        "NumberOfBuckets": definition.buckets[1] if definition.buckets else -1,
        "BucketColumns": definition.buckets[0] if definition.buckets else [],
        "SortColumns": [],
        "StoredAsSubDirectories": False,
        "SerdeInfo": {
            "SerializationLibrary": definition.serde or definition.format.serde,
            "Parameters": definition.serde_parameters or {"serialization.format": "1"},
        },
    }
    parameters = {"EXTERNAL": "TRUE"} | definition.parameters
    if definition.comment is not None:
        parameters["comment"] = definition.comment
    context.catalog.tables.create(
        name[0] or context.database,
        {
            "Name": name[1],
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [key.as_glue() for key in keys],
            "Parameters": parameters,
            "StorageDescriptor": storage,
        },
    )


def _partition_key(text: str) -> ColumnDefinition:
    match = re.fullmatch(r"[`\"]?(\w+)[`\"]?\s+(.+?)(?:\s+COMMENT\s+'(.*)')?", text, re.IGNORECASE | re.DOTALL)
    if not match:
        raise QueryError("FAILED", f"ParseException cannot recognize input near '{text[:100]}' in column type")
    hive_type(match[2])
    return ColumnDefinition(match[1].lower(), re.sub(r"\s+", "", match[2]).lower(), match[3])


def _create_iceberg(context: Context, name: Name, definition: _Definition) -> None:
    check_unique(definition.columns)
    comments = {column.name: column.comment for column in definition.columns if column.comment}
    columns = tuple((column.name, hive_type(column.type)) for column in definition.columns)
    schema = iceberg_schema(columns, comments)
    spec = partition_spec(schema, definition.partitioned_by)
    new = NewTable(schema, spec, location=definition.location, properties=iceberg_properties(definition.parameters))
    context.iceberg.create(name[0] or context.database, name[1], new)


def iceberg_properties(given: dict[str, str]) -> dict[str, str]:
    """Return the Iceberg properties of a new table, with Athena's default codec; raise UnsupportedError."""
    return {_CODEC: "zstd"} | changed_iceberg_properties(given)


def changed_iceberg_properties(given: dict[str, str]) -> dict[str, str]:
    """Convert Athena's table properties to Iceberg's; raise UnsupportedError for a format other than Parquet."""
    if given.get("format", "parquet").lower() != "parquet":
        raise UnsupportedError(f"Iceberg table of format {given['format']}")
    codec = {_CODEC: given["write_compression"].lower()} if "write_compression" in given else {}
    return codec | {key: value for key, value in given.items() if key not in _NOT_ICEBERGS}


def partition_spec(schema: Schema, texts: list[str]) -> PartitionSpec:
    """Convert ``category``, ``day(ts)``, ``bucket(16, id)`` to Iceberg's spec; raise QueryError for unknown columns."""
    fields = [_partition_field(schema, text, PARTITION_FIELD_ID_START + i) for i, text in enumerate(texts)]
    return PartitionSpec(*fields)


def _partition_field(schema: Schema, text: str, number: int) -> PartitionField:
    match = _TRANSFORM.fullmatch(text.strip())
    transform, arguments = (match["name"].lower(), match["arguments"]) if match else ("identity", text)
    *sizes, column = [part.strip().strip('`"').lower() for part in arguments.split(",")]
    if sizes and not sizes[0].isdigit():
        sizes, column = [column], sizes[0]
    known = {f.name.lower(): f for f in schema.fields}
    if column not in known:
        raise QueryError("COLUMN_NOT_FOUND", f"Partition column '{column}' is not a column of the table")
    transform = transform.removesuffix("s") if transform in ("years", "months", "days", "hours") else transform
    try:
        parsed = parse_transform(f"{transform}[{sizes[0]}]" if sizes else transform)
    except ValueError:
        raise UnsupportedError(f"partition transform {text}") from None
    name = column if transform == "identity" else f"{column}_{'trunc' if transform == 'truncate' else transform}"
    return PartitionField(source_id=known[column].field_id, field_id=number, transform=parsed, name=name)
