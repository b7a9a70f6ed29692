"""Writes raw blocks or rows of texts into a table with PostgreSQL's COPY."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import ExitStack

import psycopg

from localaws.redshift.copy.columns import Column, CopyTarget
from localaws.redshift.copy.options import CSV, CopyOptions
from localaws.redshift.database import Connection
from localaws.redshift.sql.words import literal, quoted

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class CopyStream:
    """One COPY of PostgreSQL at a time, kept open as long as the data has the same form.

    Use it as a context manager; ``close`` ends the last COPY and raises PostgreSQL's errors.
    """

    def __init__(self, connection: Connection, target: CopyTarget, options: CopyOptions) -> None:
        self._connection, self._target, self._options = connection, target, options
        self._open: ExitStack | None = None
        self._copy: psycopg.Copy | None = None
        self._form = ""
        self._raw: tuple[str, bool] | None = None
        self._texts = [place for place, column in enumerate(target.columns) if column.is_text]

    def write_block(self, data: bytes, form: str) -> None:
        """Write bytes unchanged; ``form`` contains the options of PostgreSQL's COPY for them."""
        self._in_form(form).write(data)

    def write_clean(self, data: bytes, quote: str, *, crlf: bool) -> None:
        """Write records that PostgreSQL reads as Redshift does; with ``crlf`` lines end with CR LF.

        Adds a line end if the last line of a file lacks one: otherwise the next file would continue that line.
        """
        form = self._copy_options(quote, crlf=crlf)
        self.write_block(data, form)
        if not data.endswith(b"\n"):
            self.write_block(b"\r\n" if crlf else b"\n", form)
        self._raw = (quote, crlf)

    def write_rows(self, rows: Sequence[Sequence[str | None]]) -> None:
        """Write rows of texts that PostgreSQL's types accept; None is NULL."""
        if self._raw and not any(row[place] is None for row in rows for place in self._texts):
            self._in_form(self._form).write(self._as_records(rows, *self._raw))
            return
        lines = ["\t".join("\\N" if value is None else value.translate(_ESCAPES) for value in row) for row in rows]
        if lines:
            self._in_form("FORMAT text, ENCODING 'UTF8'").write(("\n".join(lines) + "\n").encode())
            self._raw = None

    def _as_records(self, rows: Sequence[Sequence[str | None]], quote: str, crlf: bool) -> bytes:
        """Write rows in the form of the preceding clean records, in which text columns cannot be NULL."""
        text = io.StringIO()
        delimiter, end = self._options.delimiter, "\r\n" if crlf else "\n"
        csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator=end).writerows(rows)
        return text.getvalue().encode()

    def _copy_options(self, quote: str, *, crlf: bool) -> str:
        """The options of PostgreSQL's COPY; a trailing space starts a new COPY when the kind of line ends changes."""
        texts = [column for column in self._target.columns if column.is_text]
        others = [column for column in self._target.columns if not column.is_text]
        null_empty = self._options.empty_as_null or not self._options.null_as
        options = [
            "FORMAT csv",
            f"DELIMITER {literal(self._options.delimiter)}",
            f"QUOTE {_character(quote)}",
            f"ESCAPE {_character(quote)}",
            "NULL ''",
            f"ENCODING 'UTF8'{' ' if crlf else ''}",
        ]
        if texts and not null_empty:
            options.append(f"FORCE_NOT_NULL ({_names(texts)})")
        forced = others + texts if null_empty else others
        if forced and self._options.format == CSV:
            options.append(f"FORCE_NULL ({_names(forced)})")
        return ", ".join(options)

    def close(self) -> None:
        if self._open:
            self._open.close()
            self._open = None

    def abandon(self) -> None:
        """End without the data written since the last change of form; the transaction must be rolled back."""
        if self._open:
            opened, self._open = self._open, None
            try:
                opened.__exit__(psycopg.DataError, psycopg.DataError("COPY ended"), None)
            except psycopg.Error:
                return

    def _in_form(self, form: str) -> psycopg.Copy:
        if self._open is None or form != self._form:
            self.close()
            self._form, self._open = form, ExitStack()
            cursor = self._open.enter_context(self._connection.cursor())
            statement = f"COPY {self._target.table} ({_names(self._target.columns)}) FROM STDIN WITH ({form})"
            self._copy = self._open.enter_context(cursor.copy(statement.encode()))
        assert self._copy is not None
        return self._copy


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(quoted(column.name) for column in columns)


def _character(value: str) -> str:
    return f"E'\\x{ord(value):02x}'"
