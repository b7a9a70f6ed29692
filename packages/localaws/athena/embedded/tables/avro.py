"""Hive tables of Avro files, read into a temporary table of the query.

A column is read from the field with its name in the file's schema. If the table has ``avro.schema.literal``, the file
is first resolved to that schema by Avro's rules: https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.compute as pc
from fastavro.schema import SchemaParseException, expand_schema

from localaws.athena.embedded.session import Session
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.embedded.tables.avro_types import arrow_of, check_field, values_of
from localaws.athena.embedded.tables.batches import registered
from localaws.athena.embedded.tables.stored_values import stored_expression
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.files.data_files import DataFile
from localaws.athena.types.trino import Columns

SCHEMA_LITERAL = "avro.schema.literal"
_ROWS = 10_000


def avro_scan(session: Session, table: HiveTable, files: Sequence[DataFile]) -> tuple[str, Mapping[str, str]]:
    """Read the files' rows into a temporary table; return its name, and the SQL expression of each column.

    Raises BadDataError for a file that is not Avro, or for a field whose type cannot be read as the column's type,
    UnsupportedError for a type or name of a field whose meaning is not certain.
    """
    declared = _declared(table)
    fields = [pa.field(name, arrow_type(kind)) for name, kind in table.columns]
    schema = pa.schema([*fields, pa.field("file_index", pa.int64())])
    batches = (batch for i, file in enumerate(files) for batch in _batches(session, file, i, table.columns, declared))
    name = registered(session, schema, batches)
    return name_literal(name), {column: stored_expression(column, kind) for column, kind in table.columns}


def _declared(table: HiveTable) -> Any:
    """The schema in the table's properties; None if it has none."""
    text = table.serde_parameters.get(SCHEMA_LITERAL)
    if text is None:
        return None
    try:
        return fastavro.parse_schema(json.loads(text))
    except (ValueError, SchemaParseException, KeyError) as error:
        raise UnsupportedError(
            f"{SCHEMA_LITERAL} of table {table.database}.{table.name} ({str(error)[:200]})"
        ) from error


def _batches(session: Session, file: DataFile, index: int, columns: Columns, declared: Any) -> Iterator[pa.RecordBatch]:
    session.count_scanned(file.size)
    try:
        with file.path.open("rb") as opened:
            reader = fastavro.reader(opened, reader_schema=declared)
            fields = _found(file, declared or reader.writer_schema, columns, exactly=declared is None)
            while rows := list(islice(reader, _ROWS)):
                yield _batch(rows, index, columns, fields)
                session.check()
    except (ValueError, EOFError, KeyError, TypeError, fastavro.read.SchemaResolutionError) as error:
        raise BadDataError(f"{file.uri} cannot be read as Avro: {str(error)[:200]}") from error


def _found(file: DataFile, schema: Any, columns: Columns, *, exactly: bool) -> list[tuple[str, pa.DataType] | None]:
    """The name and type of each column's field; None for a column without a field."""
    expanded: Any = expand_schema(schema)
    if expanded["type"] != "record":
        raise BadDataError(
            f"{file.uri} contains Avro values of type {expanded['type']}; only records can be read as a table"
        )
    named = {field["name"].lower(): field for field in expanded["fields"]}
    fields: list[tuple[str, pa.DataType] | None] = []
    for name, kind in columns:
        field = named.get(name)
        if field is None:
            fields.append(None)
            continue
        if exactly and field["name"] != name:
            raise UnsupportedError(f"Avro field {field['name']} of {file.uri} that differs from column {name} by case")
        type_ = arrow_of(field["type"], f"field {field['name']} of {file.uri}")
        check_field(file, (name, type_), kind)
        fields.append((field["name"], type_))
    return fields


def _batch(
    rows: Sequence[Any], index: int, columns: Columns, fields: Sequence[tuple[str, pa.DataType] | None]
) -> pa.RecordBatch:
    arrays = []
    for (_, kind), field in zip(columns, fields, strict=True):
        target = arrow_type(kind)
        if field is None:
            arrays.append(pa.nulls(len(rows), target))
            continue
        name, source = field
        values = pa.array(values_of([row[name] for row in rows], source), source)
        arrays.append(pc.cast(values, target))
    return pa.record_batch(
        [*arrays, pa.array([index] * len(rows), pa.int64())], names=[*(name for name, _ in columns), "file_index"]
    )
