"""Reads a file row by row, and separates valid rows from invalid ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

from dataharvest.model.column import MONEY, REASONS, Column
from dataharvest.model.kind import Kind
from dataharvest.persistence.first_rows import LONGEST_VALUE, REPEATED, keep_first
from dataharvest.persistence.stream import Opened, RefusedError
from dataharvest.vault import DataKey
from estrela.errors import MASK

LONGEST_FIELD = 131_072
"""Maximum characters of a field; a quote that is never closed turns the rest of the file into one field."""
_STAGE = Identifier("pg_temp", "dataharvest_stage")


def load_split(connection: Connection[Any], kind: Kind, file_id: int, opened: Opened, key: DataKey) -> tuple[int, int]:
    """Load the valid rows and quarantine the others; return the numbers of both.

    Of rows with the same key the first in the file is kept. If a row of another chunk comes later in the file, it is
    quarantined, and counted here as rejected and no longer as loaded. Raises RefusedError if the bytes are not CSV.
    """
    note_file(connection, file_id)
    connection.execute(_stage_table(kind))
    with connection.cursor() as cursor, cursor.copy(_copy_into_stage(kind)) as copy:
        for row in _staged(kind, opened, key):
            copy.write_row(row)
    connection.execute(_judge_repeated(kind))
    evicted = keep_first(connection, kind, file_id, _STAGE) if opened.is_part else 0
    rejected = connection.execute(_quarantine(kind), {"file": file_id, "kind": kind.name}).rowcount
    loaded = connection.execute(_insert(kind)).rowcount
    connection.execute(SQL("DROP TABLE {}").format(_STAGE))
    return loaded - evicted, rejected + evicted


def note_file(connection: Connection[Any], file_id: int) -> None:
    """Set the default file id of inserted rows until the end of the transaction."""
    connection.execute("SELECT set_config('dataharvest.file_id', %s, true)", [str(file_id)])


def _staged(kind: Kind, opened: Opened, key: DataKey) -> Iterator[tuple[object, ...]]:
    """Yield line, faulty column, its value, the reason, then the values of ``kind``'s columns."""
    places = [opened.columns.index(column) for column in kind.columns]
    empty = (None,) * len(kind.columns)
    for line, fields in records(opened):
        if len(fields) != len(places):
            reason = f"has {len(fields)} fields, but {len(places)} are expected"
            yield line, "", ",".join(_shown(kind, opened, at, text) for at, text in enumerate(fields)), reason, *empty
            continue
        values = [fields[place] for place in places]
        fault = fault_of(kind, values)
        if fault:
            yield line, *fault, *empty
        else:
            yield line, None, None, None, *map(stored, kind.columns, values, [key] * len(values))


def _shown(kind: Kind, opened: Opened, place: int, text: str) -> str:
    column = opened.columns[place] if place < len(opened.columns) else None
    # A missing field shifts the others, so in a file with sensitive columns any field of such a row may be sensitive.
    return MASK if kind.is_sensitive or column is None else _printable(text)


def fault_of(kind: Kind, values: list[str]) -> tuple[str, str, str] | None:
    """Return column, value and reason of the first field that is not text or is invalid in its column; else None."""
    for column, value in zip(kind.columns, values, strict=True):
        shown = MASK if column.sensitive else _printable(value)
        if not _is_text(value):
            return column.name, shown, "is not UTF-8 text"
        if not column.accepts(value):
            return column.name, shown, REASONS[column.domain]
    return None


def _is_text(value: str) -> bool:
    return "\0" not in value and (value.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in value))


def _printable(value: str) -> str:
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:LONGEST_VALUE]


def stored(column: Column, value: str, key: DataKey | None) -> str | bytes:
    """Return a valid value in the form in which the database stores it; ``key`` is required for a sensitive column."""
    if column.sensitive:
        assert key is not None
        return key.seal(column.plain(value), column.name)
    return value.strip() if column.domain == MONEY else value


def records(opened: Opened) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its number in the file; the header is record 1. Blank lines are counted but skipped."""
    raw = io.BufferedReader(ChunkReader(opened.chunks()))
    text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
    line = opened.lines
    csv.field_size_limit(LONGEST_FIELD)
    try:
        for fields in csv.reader(text):
            line += 1
            if fields:
                yield line, fields
    except csv.Error as error:
        raise not_csv(line, error) from None


def not_csv(line: int, error: csv.Error) -> RefusedError:
    """Return the error of a file that cannot be read beyond a line."""
    return RefusedError(f"it is not valid CSV after line {line}: {error}")


class ChunkReader(io.RawIOBase):
    """Byte chunks as a readable file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = next(self._chunks, b"")
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _stage_table(kind: Kind) -> Composed:
    columns = SQL(", ").join(
        SQL("{} {}").format(Identifier(column.name), SQL("bytea" if column.sensitive else "text"))
        for column in kind.columns
    )
    return SQL(
        "CREATE TEMPORARY TABLE dataharvest_stage (line bigint, fault_column text, fault_value text, fault text, {}) "
        "ON COMMIT DROP"
    ).format(columns)


def _copy_into_stage(kind: Kind) -> Composed:
    names = SQL(", ").join(Identifier(column.name) for column in kind.columns)
    return SQL("COPY {} (line, fault_column, fault_value, fault, {}) FROM STDIN").format(_STAGE, names)


def _judge_repeated(kind: Kind) -> Composed:
    names = SQL(", ").join(map(Identifier, kind.key))
    return SQL(
        "UPDATE {stage} s SET fault_column = {name}, fault_value = left(s.{column}, {limit}), fault = {reason} FROM "
        "(SELECT line, row_number() OVER (PARTITION BY {key} ORDER BY line) AS place FROM {stage} WHERE fault IS NULL) "
        "AS r WHERE s.line = r.line AND r.place > 1"
    ).format(
        stage=_STAGE,
        name=Literal(kind.key[-1]),
        column=Identifier(kind.key[-1]),
        limit=LONGEST_VALUE,
        reason=Literal(REPEATED),
        key=names,
    )


def _quarantine(kind: Kind) -> Composed:
    return SQL(
        "INSERT INTO dataharvest.quarantine (file_id, kind, line, column_name, value, reason) "
        "SELECT %(file)s, %(kind)s, line, fault_column, fault_value, fault FROM {} WHERE fault IS NOT NULL"
    ).format(_STAGE)


def _insert(kind: Kind) -> Composed:
    names = SQL(", ").join(Identifier(column.name) for column in kind.columns)
    typed = SQL(", ").join(
        Identifier(column.name)
        if column.sensitive
        else SQL("{}::dataharvest.{}").format(Identifier(column.name), Identifier(column.domain))
        for column in kind.columns
    )
    return SQL("INSERT INTO dataharvest.{} (line, {}) SELECT line, {} FROM {} WHERE fault IS NULL").format(
        Identifier(kind.table), names, typed, _STAGE
    )
