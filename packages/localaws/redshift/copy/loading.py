"""Runs a COPY block by block: clean blocks are passed on unchanged, others are converted row by row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from localaws.redshift.copy import delimited, json_rows, problems
from localaws.redshift.copy.blocks import Block, blocks
from localaws.redshift.copy.columns import Column
from localaws.redshift.copy.fields import converter
from localaws.redshift.copy.files import SourceFile, opened
from localaws.redshift.copy.options import CSV, JSON, PARQUET, CopyOptions
from localaws.redshift.copy.problems import FieldError, RowError
from localaws.redshift.copy.records import Load
from localaws.redshift.copy.stream import CopyStream
from localaws.redshift.errors import SqlError
from localaws.s3.store import ObjectStore

_BATCH = 1000
T = TypeVar("T")


class Loader:
    """Loads the files of one COPY; ``check`` raises if the statement was cancelled."""

    def __init__(
        self,
        store: ObjectStore,
        options: CopyOptions,
        load: Load,
        stream: CopyStream,
        check: Callable[[], None],
    ) -> None:
        self._store, self._options, self._load, self._stream, self._check = store, options, load, stream, check
        self._columns = load.target.columns
        self._file = ""
        self._batch: list[list[str | None]] = []
        self._converters = [] if options.format == PARQUET else [converter(c, options) for c in self._columns]

    def run(self, files: list[SourceFile]) -> None:
        """Load every file; raises SqlError if the number of errors reaches MAXERROR."""
        read = {PARQUET: self._load_parquet, JSON: self._load_json}.get(self._options.format, self._load_text)
        for file in files:
            self._file = file.uri
            read(file)
        self._flush()
        self._stream.close()

    def _load_text(self, file: SourceFile) -> None:
        from localaws.redshift.copy.clean import NO_QUOTE, Gate

        gate, quote = Gate(self._columns, self._options), self._options.quote
        quote = quote if self._options.format == CSV else NO_QUOTE

        with (
            opened(self._store, file, self._options) as data,
            closing(_read_ahead(blocks(data, self._options), gate.parts)) as looked,  # before the file that it reads
        ):
            for parts in looked:
                self._check()
                for block, clean in parts:
                    if clean is None:
                        self._load_rows(block)
                        continue
                    self._flush()
                    self._load.rows += clean.rows
                    if not self._options.no_load:
                        self._stream.write_clean(block.data, quote, crlf=clean.crlf)

    def _load_rows(self, block: Block) -> None:
        for row in delimited.rows(block, self._options):
            if row.error:
                self._reject(row.error, None, row.line, row.text, "")
            elif row.text or not self._options.ignore_blank_lines:
                self._load_row(self._counted(row), row.line, row.text)

    def _counted(self, row: delimited.RawRow) -> list[str | None] | FieldError:
        """Return as many fields as there are columns, or an error."""
        fields: list[str | None] = list(row.fields)
        missing = len(self._columns) - len(fields)
        if missing == -1 and self._options.format != CSV and fields[-1] == "":
            return fields[:-1]  # a delimiter may end the record
        if missing < 0:
            return FieldError(problems.EXTRA_COLUMNS, "Extra column(s) found")
        if missing and not self._options.fill_record:
            return FieldError(problems.MISSING_DELIMITER, "Delimiter not found")
        return fields + [_filled(column) for column in self._columns[len(fields) :]]

    def _load_json(self, file: SourceFile) -> None:
        pick = json_rows.picker(self._store, self._options, self._columns)
        with opened(self._store, file, self._options) as data:
            for number, row in enumerate(json_rows.rows(data, pick)):
                if number % _BATCH == 0:
                    self._check()
                self._load_row(row.error or row.values, row.line, row.text)

    def _load_row(self, fields: list[str | None] | FieldError, line: int, text: str) -> None:
        if isinstance(fields, FieldError):
            self._reject(fields, None, line, text, "")
            return
        row: list[str | None] = []
        for column, convert, field in zip(self._columns, self._converters, fields, strict=True):
            try:
                row.append(self._null(column) if field is None else convert(field))
            except FieldError as error:
                self._reject(error, column, line, text, field or "")
                return
        self._batch.append(row)
        self._load.rows += 1
        if len(self._batch) >= _BATCH:
            self._flush()

    @staticmethod
    def _null(column: Column) -> None:
        if column.not_null:
            raise FieldError(problems.NOT_NULL, "Missing data for not-null field")

    def _load_parquet(self, file: SourceFile) -> None:
        from localaws.redshift.copy import parquet

        path = self._store.reads.local_path(file.bucket, file.key)
        for data, rows in parquet.blocks(path, file.uri, self._load.target):
            self._check()
            self._stream.write_block(data, parquet.FORM)
            self._load.rows += rows

    def _flush(self) -> None:
        if self._batch and not self._options.no_load:
            self._stream.write_rows(self._batch)
        self._batch.clear()

    def _reject(self, error: FieldError, column: Column | None, line: int, text: str, field: str) -> None:
        name, kind, length = ("", "", "") if column is None else (column.name, column.kind, _length(column))
        message = str(error)
        self._load.errors.append(
            RowError(self._file, line, name, kind, length, error.position, error.code, message, text, field)
        )
        if len(self._load.errors) >= max(1, self._options.max_errors):
            raise load_failed(self._load.name)


def load_failed(table: str) -> SqlError:
    """The error of a COPY whose number of errors reached MAXERROR."""
    return SqlError(f"Load into table '{table}' failed.  Check 'sys_load_error_detail' system table for details.")


def _filled(column: Column) -> str | None:
    """The value with which FILLRECORD fills a column: an empty text for VARCHAR, NULL for others."""
    return "" if column.kind == "varchar" else None


def _length(column: Column) -> str:
    if column.kind == "numeric":
        return f"{column.size}, {column.scale}"
    return str(column.size) if column.is_text else ""


def _read_ahead(source: Iterator[Block], look: Callable[[Block], T]) -> Generator[T, None, None]:
    """Read and check the next block while PostgreSQL loads the current one."""

    def step() -> tuple[T] | None:
        block = next(source, None)
        return None if block is None else (look(block),)

    with ThreadPoolExecutor(1, thread_name_prefix="copy") as pool:
        coming = pool.submit(step)
        while ready := coming.result():
            coming = pool.submit(step)
            yield ready[0]
