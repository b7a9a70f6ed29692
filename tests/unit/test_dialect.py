"""The dialect of a CSV file, detected from its first bytes. No Spark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estrela.etl.readers.dialect import Dialect, dialect_of
from estrela.etl.readers.refusal import Refusal
from estrela.model import Field, Layout, Text
from estrela.stars.banking.ranking import complaints
from estrela.stars.banking.sources import segments

UTF_16 = "the header has NUL characters, as UTF-16 text has; allowed: utf-8 or windows-1252"
EXTRA_COLUMN = "column 15 of the header is not one of the 14 of layout A, or occurs twice; declare it or ignore it"
HEADERS = [field.header for field in complaints.layouts[0].fields]


def header(*, names: list[str] | None = None, end: str = ";") -> str:
    return ";".join(names or HEADERS) + end + "\n"


def detected(head: bytes) -> Dialect:
    dialect = dialect_of(head, complaints)
    assert isinstance(dialect, Dialect), dialect
    return dialect


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_header_is_known_in_every_declared_encoding(encoding: str) -> None:
    assert detected(header().encode(encoding)).positions == tuple(range(14))


def test_headers_of_any_letters_are_told_apart() -> None:
    source = replace(
        segments,
        layouts=(Layout("v1", (Field("Żółć", "segment", Text()), Field("%", "cnpj_root", Text()))),),
    )
    dialect = dialect_of("%\tżółć\n".encode(), source)
    assert isinstance(dialect, Dialect)
    assert dialect.positions == (1, 0)


def test_a_quoted_header_is_read_by_the_dialect_that_declares_quotes() -> None:
    head = ";".join(f'"{name}"' for name in HEADERS).encode()
    assert (detected(head).delimiter, detected(head).quote) == (";", '"')
    assert isinstance(dialect_of(head, replace(complaints, also=())), Refusal)


@pytest.mark.parametrize("lost", ["\ufffd", "\ufffd\ufffd"])
def test_headers_with_lost_characters_are_recognized(lost: str) -> None:
    names = ["".join(c if c.isascii() else lost for c in name) for name in HEADERS]

    assert detected(header(names=names).encode()).positions == tuple(range(14))


def test_columns_in_another_order_are_found() -> None:
    assert detected(header(names=HEADERS[::-1]).encode()).positions == tuple(range(13, -1, -1))


def test_quotes_and_commas_are_found() -> None:
    head = ",".join(f'"{name.lower().replace(" ", "_")}"' for name in HEADERS) + ',"unnamed_14"\n'

    dialect = detected(head.encode())
    assert (dialect.delimiter, dialect.quote, dialect.width) == (",", '"', 15)


@pytest.mark.parametrize(
    ("head", "column", "reason"),
    [
        (b"", "", "the file is empty: it has no header line"),
        (b"\xef\xbb\xbf\n", "", "the file is empty: it has no header line"),
        (header().encode("utf-16"), "", UTF_16),
        (b"<html>busy</html>", "Ano", "the header lacks this column of layout A"),
        (header(end=";Total").encode(), "Total", EXTRA_COLUMN),
        (header(end=";Ano").encode(), "Ano", EXTRA_COLUMN),
    ],
)  # fmt: skip
def test_a_file_that_is_none_of_the_layouts_is_refused(head: bytes, column: str, reason: str) -> None:
    refusal = dialect_of(head, complaints)

    assert isinstance(refusal, Refusal)
    assert (refusal.column, refusal.reason) == (column, reason)


def test_tabs_are_a_delimiter_as_declared() -> None:
    assert isinstance(dialect_of(b"Segmento\tCNPJ\tNome\r\nS1\t0\tBANCO\r\n", segments), Dialect)
