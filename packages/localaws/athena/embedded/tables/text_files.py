"""Hive tables of text: delimited, CSV and JSON lines, read into a temporary table of the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from localaws.athena.embedded.session import Session
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.embedded.tables.batches import registered
from localaws.athena.embedded.tables.delimited import delimited_expression, delimited_splitter
from localaws.athena.embedded.tables.open_csv import open_csv_expression, open_csv_splitter
from localaws.athena.embedded.tables.serdes import CSV, JSON, TEXT, serde_of
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.files.data_files import DataFile
from localaws.athena.files.json_lines import json_reader
from localaws.athena.files.lines import lines_of

_ROWS = 20_000
Values = Sequence[Any]


def text_scan(session: Session, table: HiveTable, files: Sequence[DataFile]) -> tuple[str, dict[str, str]]:
    """Read the files' rows into a temporary table; return its name, and the SQL expression of each column."""
    parse, expression = _parser(table)
    typed = serde_of(table).format == JSON
    fields = [pa.field(name, arrow_type(kind) if typed else pa.string()) for name, kind in table.columns]
    schema = pa.schema([*fields, pa.field("file_index", pa.int64())])
    for file in files:
        session.count_scanned(file.size)
    name = registered(session, schema, _batches(session, table, files, parse, schema))
    expressions = {column: expression(column, i) for i, (column, _) in enumerate(table.columns)}
    return name_literal(name), expressions


def _parser(table: HiveTable) -> tuple[Callable[[str], Values], Callable[[str, int], str]]:
    kinds, form, settings = [kind for _, kind in table.columns], serde_of(table).format, table.serde_parameters
    if form == TEXT:
        return delimited_splitter(table), lambda name, i: delimited_expression(name, kinds[i], settings)
    if form == CSV:
        return open_csv_splitter(table), lambda name, i: open_csv_expression(name, kinds[i])
    return json_reader(table), lambda name, _: name_literal(name)


def _batches(
    session: Session,
    table: HiveTable,
    files: Sequence[DataFile],
    parse: Callable[[str], Values],
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    width = len(table.columns)
    for index, file in enumerate(files):
        lines = lines_of(table, file)
        while chunk := list(islice(lines, _ROWS)):
            rows = [_padded(parse(line), width) for line in chunk]
            columns = [pa.array(values, schema.field(i).type) for i, values in enumerate(zip(*rows, strict=True))]
            yield pa.record_batch([*columns, pa.array([index] * len(rows), pa.int64())], schema=schema)
            session.check()


def _padded(values: Values, width: int) -> Values:
    """Drop extra fields and fill missing fields with NULL, as Hive does."""
    if len(values) >= width:
        return values[:width]
    return [*values, *[None] * (width - len(values))]
