"""Result sets: metadata of columns, and rows in a file, as GetStatementResult returns them.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html: limits, and the mapping of types.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

from localaws.redshift.database import Connection
from localaws.redshift.errors import SqlError, UnsupportedError

MOST_BYTES = 100 * 1024 * 1024
MOST_ROW_BYTES = 64 * 1024
_FETCHED = 1000
PAGE_ROWS, PAGE_BYTES = 1000, 1024 * 1024
_AS_TEXT = (1082, 1083, 1114, 1184, 1266, 1700)
# PostgreSQL's type OID: name in Redshift.
_NAMES = {
    16: "bool", 18: "char", 19: "name", 20: "int8", 21: "int2", 23: "int4", 25: "varchar", 26: "oid", 700: "float4",
    701: "float8", 705: "unknown", 1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp",
    1184: "timestamptz", 1266: "timetz", 1700: "numeric",
}  # fmt: skip
_TEXTS = frozenset({18, 19, 25, 705, 1042, 1043})
_SIGNED = frozenset({20, 21, 23, 700, 701, 1700})
_DIGITS = {21: 5, 23: 10, 20: 19, 700: 8, 701: 17, 16: 1, 1082: 13, 1083: 15, 1266: 21, 1114: 29, 1184: 35}


def prepare(connection: Connection) -> None:
    """Make psycopg return values as texts if their text is the result."""
    for number in _AS_TEXT:
        connection.adapters.register_loader(number, TextLoader)


def store_rows(connection: Connection, query: str, path: Path) -> tuple[list[dict[str, Any]], int, int]:
    """Run a query and write its rows to ``path``; return its columns, the number of rows, and their bytes."""
    rows = size = 0
    with connection.cursor("rows") as cursor, path.open("w", encoding="utf-8") as file:
        cursor.itersize = _FETCHED
        cursor.execute(query.encode())
        columns = column_metadata(cursor)
        for row in cursor:
            length = sum(len(str(value)) for value in row if value is not None)
            if length > MOST_ROW_BYTES:
                raise SqlError("Packet for query is too large")
            rows, size = rows + 1, size + length
            if size > MOST_BYTES:
                raise SqlError("Database response exceeded size limit")
            file.write(json.dumps([field(value) for value in row], ensure_ascii=False) + "\n")
    return columns, rows, size


def field(value: object) -> dict[str, Any]:
    """One value in the form of the API's Field."""
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}


def column_metadata(cursor: psycopg.ServerCursor[tuple[object, ...]]) -> list[dict[str, Any]]:
    """The API's ColumnMetadata of a result; raises UnsupportedError for a type that Redshift lacks."""
    result = cursor.pgresult
    if result is None or cursor.description is None:
        return []
    columns = []
    for place, column in enumerate(cursor.description):
        name = _NAMES.get(column.type_code)
        if name is None:
            raise UnsupportedError(f"a result of type {column.type_code} in column {column.name}")
        modifier = result.fmod(place)
        precision, scale = _size(column.type_code, modifier)
        columns.append(
            {
                "isCaseSensitive": column.type_code in _TEXTS,
                "isCurrency": False,
                "isSigned": column.type_code in _SIGNED,
                "label": column.name,
                "name": column.name,
                "nullable": 1,
                "precision": precision,
                "scale": scale,
                "schemaName": "",
                "tableName": "",
                "typeName": name,
                "length": 0,
            }
        )
    return columns


def _size(type_code: int, modifier: int) -> tuple[int, int]:
    if type_code == 1700 and modifier >= 4:
        return (modifier - 4) >> 16, (modifier - 4) & 0xFFFF
    if type_code == 1700:
        return 38, 0
    if type_code in _TEXTS:
        return (modifier - 4 if modifier >= 4 else 65535), 0
    return _DIGITS.get(type_code, 0), 0


def page(path: Path, offset: int) -> tuple[list[list[dict[str, Any]]], int | None]:
    """Return rows from an offset in the file, and the offset of the next page, None at the end."""
    rows: list[list[dict[str, Any]]] = []
    with path.open("rb") as file:
        file.seek(offset)
        while len(rows) < PAGE_ROWS and file.tell() - offset < PAGE_BYTES and (line := file.readline()):
            rows.append(json.loads(line))
        following = file.tell()
        return rows, following if file.read(1) else None


def as_csv(columns: list[dict[str, Any]], rows: list[list[dict[str, Any]]], *, first: bool) -> str:
    """A page in the form of GetStatementResultV2: CSV, with the column names on the first page."""
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(column["name"] for column in columns)
    writer.writerows(_values(row) for row in rows)
    return text.getvalue()


def _values(row: list[dict[str, Any]]) -> Iterator[str]:
    for cell in row:
        (kind, value), *_ = cell.items()
        yield "" if kind == "isNull" else str(value).lower() if kind == "booleanValue" else str(value)
