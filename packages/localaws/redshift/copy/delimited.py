"""Parses delimited text or CSV field by field, for blocks that PostgreSQL does not read as Redshift does."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from localaws.redshift.copy import problems
from localaws.redshift.copy.blocks import Block
from localaws.redshift.copy.options import CSV, CopyOptions
from localaws.redshift.copy.problems import FieldError

LONGEST_FIELD = 1 << 30


@dataclass(frozen=True)
class RawRow:
    """The fields of a record, the line on which it starts, and its text; ``error`` if it could not be split."""

    fields: list[str]
    line: int
    text: str
    error: FieldError | None = None


def rows(block: Block, options: CopyOptions) -> Iterator[RawRow]:
    """Yield the rows of a block; in fields, invalid UTF-8 bytes are lone surrogates."""
    csv.field_size_limit(LONGEST_FIELD)
    text = block.data.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if options.format == CSV:
        yield from _csv_rows(lines, block.line, options)
    else:
        yield from _delimited_rows(lines, block.line, options)


def _csv_rows(lines: list[str], first: int, options: CopyOptions) -> Iterator[RawRow]:
    place = 0
    while place < len(lines):
        record, number = lines[place], 1
        while record.count(options.quote) % 2 and place + number < len(lines):
            record += "\n" + lines[place + number]
            number += 1
        yield _csv_row(record.removesuffix("\r"), first + place, options)
        place += number


def _csv_row(record: str, line: int, options: CopyOptions) -> RawRow:
    if options.quote not in record:
        return RawRow(record.split(options.delimiter), line, record)
    delimiter, quote = re.escape(options.delimiter), re.escape(options.quote)
    # white space between a delimiter and a quote is ignored, unless it is the delimiter
    blank = "[ \t]*" if options.delimiter != "\t" else " *"
    field = re.compile(
        rf"{blank}{quote}((?:[^{quote}]|{quote}{quote})*){quote}{blank}(?={delimiter}|$)|([^{delimiter}{quote}]*)(?={delimiter}|$)",
        re.DOTALL,
    )
    fields: list[str] = []
    place = 0
    while True:
        match = field.match(record, place)
        if match is None:
            error = FieldError(problems.MISSING_DELIMITER, "Invalid quote formatting for CSV", place)
            return RawRow(fields, line, record, error)
        quoted = match[1]
        fields.append(match[2] if quoted is None else quoted.replace(options.quote * 2, options.quote))
        place = match.end() + 1
        if match.end() >= len(record):
            return RawRow(fields, line, record)


def _delimited_rows(lines: list[str], first: int, options: CopyOptions) -> Iterator[RawRow]:
    if not options.escape:
        for place, line in enumerate(lines):
            record = line.removesuffix("\r")
            yield RawRow(record.split(options.delimiter), first + place, record)
        return
    place = 0
    while place < len(lines):
        record, number = lines[place], 1
        while _ends_escaped(record) and place + number < len(lines):
            record += "\n" + lines[place + number]
            number += 1
        record = record.removesuffix("\r")
        yield RawRow(_unescaped_fields(record, options.delimiter), first + place, record)
        place += number


def _ends_escaped(record: str) -> bool:
    return (len(record) - len(record.rstrip("\\"))) % 2 == 1


def _unescaped_fields(record: str, delimiter: str) -> list[str]:
    """Fields without their backslashes, except ``\\N``, which is the null string."""
    fields = []
    for match in re.finditer(rf"((?:\\.|[^\\{re.escape(delimiter)}])*)(?:{re.escape(delimiter)}|$)", record, re.DOTALL):
        field = match[1]
        fields.append(field if field == "\\N" else re.sub(r"\\(.)", r"\1", field, flags=re.DOTALL))
        if match.end() == len(record) and not match[0].endswith(delimiter):
            break
    return fields
