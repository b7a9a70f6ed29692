"""INSERT, UPDATE, DELETE, MERGE and OPTIMIZE."""

from __future__ import annotations

from typing import Any

from localaws.athena.engine import Context
from localaws.athena.entries.glue_tables import find_table, known_table
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Lines, Written
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.athena.syntax.tokens import TEXT, tokenize
from localaws.athena.trino.client import Sending
from localaws.athena.trino.literals import for_trino
from localaws.athena.trino.session import TrinoSession
from localaws.athena.trino.written_files import compression, written_files

_TARGETS = {"UPDATE": ("UPDATE",), "DELETE": ("DELETE", "FROM"), "MERGE": ("MERGE", "INTO")}
_CODECS = ("write.compression", "parquet.compression", "orc.compress")


def insert(context: Context, session: TrinoSession, statement: Statement) -> Written:
    """INSERT INTO table [(columns)] query."""
    cursor = Cursor(statement)
    cursor.expect("INSERT", "INTO")
    table = known_table(context, cursor.qualified_name())
    return _written(context, session, statement, table)


def change_rows(context: Context, session: TrinoSession, statement: Statement) -> Written:
    """UPDATE, DELETE and MERGE of Iceberg tables.

    Raises QueryError for any other table: Trino's DELETE on a Hive table would drop whole partitions.
    """
    cursor = Cursor(statement)
    cursor.expect(*_TARGETS[statement.kind])
    table = known_table(context, cursor.qualified_name())
    if table and not context.iceberg.is_iceberg(table):
        name = f"{table['DatabaseName']}.{table['Name']}"
        raise QueryError("NOT_SUPPORTED", f"{statement.kind} is supported on Iceberg tables only: {name} is not one")
    return _written(context, session, statement, table)


def _written(context: Context, session: TrinoSession, statement: Statement, table: dict[str, Any] | None) -> Written:
    parameters = (table or {}).get("Parameters") or {}
    codec = next((parameters[name] for name in _CODECS if parameters.get(name)), "GZIP")
    context.planned()
    sending = Sending(context.database, compression(codec))
    query_id, rows = session.finish(for_trino(statement.text), sending)
    location = ((table or {}).get("StorageDescriptor") or {}).get("Location")
    return Written(rows, written_files(context.store, location, query_id) if location else [])


def optimize(context: Context, session: TrinoSession, statement: Statement) -> Lines:
    """OPTIMIZE table REWRITE DATA USING BIN_PACK [WHERE condition on partition columns]."""
    cursor = Cursor(statement)
    cursor.expect("OPTIMIZE")
    table = find_table(context, cursor.qualified_name())
    cursor.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    if not context.iceberg.is_iceberg(table):
        raise QueryError("NOT_SUPPORTED", f"OPTIMIZE is supported on Iceberg tables only: {table['Name']} is not one")
    where = cursor.rest() if cursor.accept("WHERE") else ""
    _check_partition_columns(context, table, where)
    context.planned()
    sql = f'ALTER TABLE iceberg."{table["DatabaseName"]}"."{table["Name"]}" EXECUTE optimize'
    session.finish(for_trino(f"{sql} WHERE {where}" if where else sql), Sending(context.database, compression("ZSTD")))
    return Lines()


def _check_partition_columns(context: Context, table: dict[str, Any], where: str) -> None:
    """Raise QueryError for a column that is not a partition column: Trino's own error does not name the cause."""
    iceberg = context.iceberg.load(table["DatabaseName"], table["Name"])
    names = {field.field_id: field.name.lower() for field in iceberg.schema().fields}
    keys = {names[field.source_id] for field in iceberg.spec().fields if field.source_id in names}
    words = {token.text.strip('"').lower() for token in tokenize(where, hive=False) if token.kind != TEXT}
    if others := sorted(words & (set(names.values()) - keys)):
        raise QueryError(
            "NOT_SUPPORTED", f"OPTIMIZE with WHERE on {others[0]}, which {table['Name']} is not partitioned by"
        )
