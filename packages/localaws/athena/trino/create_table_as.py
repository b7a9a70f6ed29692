"""CREATE TABLE .. AS, and UNLOAD, which creates a table in a temporary database."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from localaws.athena.ddl.new_tables import (
    HIVE_OPTIONS,
    ICEBERG_OPTIONS,
    check_empty,
    codec_option,
    hive_location,
    iceberg_location,
    read_create_table_as,
    read_unload,
)
from localaws.athena.engine import Context
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Written
from localaws.athena.syntax.options import Value, check_options, names_option
from localaws.athena.syntax.statements import Statement, position
from localaws.athena.trino.client import Sending
from localaws.athena.trino.literals import Text, for_trino
from localaws.athena.trino.queries import described_columns
from localaws.athena.trino.session import TrinoSession
from localaws.athena.trino.written_files import compression, written_files
from localaws.athena.types.column_names import check_names

_TRANSFORM = re.compile(r"(?P<name>\w+)\s*\(\s*(?P<first>[^,()]+?)\s*(?:,\s*(?P<second>[^,()]+?)\s*)?\)")
_BUCKETS = frozenset({"bucketed_by", "bucket_count"})


def create_table_as(context: Context, session: TrinoSession, statement: Statement) -> Written:
    """Let Trino write the rows of a query as a table of the catalog."""
    new = read_create_table_as(context, statement)
    if new.present:
        return Written(0, [])
    check_names(described_columns(session, new.query, context.database))
    if new.is_iceberg:
        check_options(new.options, ICEBERG_OPTIONS, "CREATE TABLE AS of an Iceberg table")
        location, catalog, codec = iceberg_location(new.options), "iceberg", "GZIP"
        properties = _iceberg_properties(new.options, location)
    else:
        check_options(new.options, HIVE_OPTIONS | _BUCKETS, "CREATE TABLE AS")
        location, catalog, codec = hive_location(context, new.options), "awsdatacatalog", codec_option(new.options)
        check_empty(context, location, f"table '{new.database}.{new.name}'")
        properties = _hive_properties(new.options, location)
    head = _head(f'{catalog}."{new.database}"."{new.name}"', properties)
    text = _within(statement.text, new.query, head)
    if not new.with_data:
        text = Text(f"{text.sql}\nWITH NO DATA", text.insertions, text.head, text.start)
    context.planned()
    query_id, rows = session.finish(text, Sending(context.database, compression(codec)))
    return Written(rows, written_files(context.store, location, query_id))


def unload(context: Context, session: TrinoSession, statement: Statement) -> Written:
    """UNLOAD (query) TO 's3://..' WITH (format = .., ...): create a table, then delete its entry but not its files."""
    asked = read_unload(context, statement)
    check_names(described_columns(session, asked.query, context.database))
    check_empty(context, asked.location, "UNLOAD")
    name = f"unload_{uuid.uuid4().hex}"
    head = _head(f'awsdatacatalog."{name}"."files"', _hive_properties(asked.options, asked.location))
    codec = codec_option(asked.options)
    context.catalog.databases.create(name)
    context.planned()
    try:
        text = _within(statement.text, asked.query, head)
        query_id, rows = session.finish(text, Sending(context.database, compression(codec)))
    finally:
        context.catalog.databases.delete(name)
    return Written(rows, written_files(context.store, asked.location, query_id))


def _head(name: str, properties: Mapping[str, str]) -> str:
    given = ", ".join(f"{key} = {value}" for key, value in properties.items())
    return f"CREATE TABLE {name} WITH ({given}) AS\n"


def _within(statement: str, query: str, head: str) -> Text:
    """A query of a statement after another head; positions in it are those in the statement."""
    text = for_trino(query)
    return Text(text.sql, text.insertions, head, position(statement, statement.index(query)))


def _hive_properties(options: Mapping[str, Value], location: str) -> dict[str, str]:
    form = str(options.get("format", "PARQUET")).upper()
    properties = {"format": _text("TEXTFILE" if form == "CSV" else form), "external_location": _text(location)}
    if form in ("TEXTFILE", "CSV"):
        properties["textfile_field_separator"] = _text(
            str(options.get("field_delimiter", "," if form == "CSV" else "\x01"))[:1]
        )
    for name in ("partitioned_by", "bucketed_by"):
        if name in options:
            properties[name] = _array(names_option(options, name))
    if "bucket_count" in options:
        properties["bucket_count"] = str(options["bucket_count"])
    return properties


def _iceberg_properties(options: Mapping[str, Value], location: str) -> dict[str, str]:
    form = str(options.get("format", "PARQUET")).upper()
    properties = {"format": _text(form), "location": _text(location)}
    if keys := names_option(options, "partitioning"):
        properties["partitioning"] = _array([_transform(key) for key in keys])
    return properties


def _transform(text: str) -> str:
    """Reorder ``bucket(16, id)`` to ``bucket(id, 16)``: Athena accepts both, Trino only the second."""
    match = _TRANSFORM.fullmatch(text.strip())
    if not match:
        if not re.fullmatch(r'"?\w+"?', text.strip()):
            raise UnsupportedError(f"partition transform {text}")
        return text.strip()
    name, first, second = match["name"], match["first"], match["second"]
    name = name.removesuffix("s") if name in ("years", "months", "days", "hours") else name
    if second is None:
        return f"{name}({first})"
    return f"{name}({second}, {first})" if first.isdigit() else f"{name}({first}, {second})"


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    if value.isprintable():
        return f"'{quoted}'"
    return "U&'" + "".join(c if c.isprintable() and c != "\\" else f"\\{ord(c):04X}" for c in quoted) + "'"


def _array(values: list[str]) -> str:
    return "ARRAY[" + ", ".join(map(_text, values)) + "]"
