"""Result files: the CSV of a query, the text of a utility statement, and the metadata file next to each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

Row = list[str | None]
_FIELD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|)(,|\n)')
_BLOCK = 1 << 20
_NULLABLE_UNKNOWN = 3


def write_csv(target: Path, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Write every value quoted and NULL as an empty field; return the number of rows. All columns are strings."""
    schema = pa.schema([pa.field(f"c{i}", pa.string()) for i in range(len(names))])
    options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    rows = 0
    with target.open("wb") as file:
        file.write(_header(names))
        with pa_csv.CSVWriter(file, schema, write_options=options) as writer:
            for batch in batches:
                writer.write_batch(pa.record_batch(batch.columns, schema=schema))
                rows += batch.num_rows
    return rows


def _header(names: Iterable[str]) -> bytes:
    return (",".join('"' + name.replace('"', '""') + '"' for name in names) + "\n").encode()


def read_csv_page(path: Path, offset: int, limit: int) -> tuple[list[Row], int | None]:
    """Return up to ``limit`` rows from a byte offset, and the offset of the next page (None at the end)."""
    with path.open("rb") as file:
        file.seek(offset)
        page: list[Row] = []
        for row, end in _rows(file, offset):
            if len(page) == limit:
                return page, offset
            page.append(row)
            offset = end
        return page, None


def _rows(file: BinaryIO, start: int) -> Iterator[tuple[Row, int]]:
    """Yield the rows from the file's position on, each with the offset of the next row."""
    data, at, base, row = b"", 0, start, []
    while True:
        match = _FIELD.match(data, at)
        if match:
            at = match.end()
            row.append(None if match[1] is None else match[1].replace(b'""', b'"').decode())
            if match[2] == b"\n":
                yield row, base + at
                row = []
            continue
        block = file.read(_BLOCK)
        if not block:
            return
        data, base, at = data[at:] + block, base + at, 0


def read_lines_page(path: Path, offset: int, limit: int) -> tuple[list[Row], int | None]:
    """Return up to ``limit`` lines from a byte offset, each as a row of one cell, and the next page's offset."""
    with path.open("rb") as file:
        file.seek(offset)
        page: list[Row] = []
        for line in file:
            if len(page) == limit:
                return page, offset
            page.append([line.rstrip(b"\n").decode()])
            offset += len(line)
        return page, None


def metadata_bytes(execution_id: str, columns: Sequence[dict[str, Any]]) -> bytes:
    """The ``.metadata`` file: a protocol buffers message, with field numbers that clients have found by reading it.

    1 = query ID text, 4 = a column (repeated): 1 catalog, 2 schema, 3 table, 4 name, 5 label, 6 type, 7 precision, 8
    scale, 9 nullability (3 = UNKNOWN), 10 case sensitivity; default values are omitted. Source:
    https://gist.github.com/iconara/4969c247e8abb69600cdbe6f4b20f50b
    """
    stamp = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_00000_{execution_id[:5]}"
    return _text(1, stamp) + b"".join(_message(4, _column(column)) for column in columns)


def _column(column: dict[str, Any]) -> bytes:
    return b"".join(
        (
            _text(1, column["CatalogName"]),
            _text(2, column["SchemaName"]),
            _text(3, column["TableName"]),
            _text(4, column["Name"]),
            _text(5, column["Label"]),
            _text(6, column["Type"]),
            _number(7, column["Precision"]),
            _number(8, column["Scale"]),
            _number(9, _NULLABLE_UNKNOWN),
            _number(10, int(column["CaseSensitive"])),
        )
    )


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode()) if value else b""


def _message(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
