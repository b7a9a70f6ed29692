"""Text of CSV files reaches the parsers unchanged, whatever the encoding, quotes and line ends."""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from pathlib import Path

import pytest
from examples import few_and_many
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from reading import csv_source, fields, read

from estrela.etl.readers import lines
from estrela.etl.readers.dialect import HEAD_BYTES
from estrela.etl.readers.encoding import LOST, decoded
from estrela.model import Text

HEADER = b"code;name\r\n"
AS_IT_IS = fields(code=Text(), name=Text(trim=False))
BAD_QUOTES = "a quoted field is not closed, or has text after its closing quote"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b'"BANCO ""ALFA"" S.A."', 'BANCO "ALFA" S.A.'),
        (b'"BANCO ""ALFA""; FILIAL"', 'BANCO "ALFA"; FILIAL'),
        (b'"""ALFA"" BANCO"', '"ALFA" BANCO'),
        (b'"BANCO ""ALFA"""', 'BANCO "ALFA"'),
        (b'"ALFA\\"', "ALFA\\"),
        (b'"A\\nB"', "A\\nB"),
        (b'"  ALFA  "', "  ALFA  "),
        (b"PLAIN", "PLAIN"),
        (b'BANCO "ALFA" S.A.', 'BANCO "ALFA" S.A.'),
        (b'""', None),
        ("SÃO PAULO".encode(), "SÃO PAULO"),
        ('"SÃO ""PAULO"""'.encode("cp1252"), 'SÃO "PAULO"'),
        ("A\u2028B\u0085C\u00a0D".encode(), "A\u2028B\u0085C\u00a0D"),
    ],
)
def test_quotes_count_as_declared_with_or_without_quotes_in_the_header(
    spark: SparkSession, tmp_path: Path, written: bytes, name: str | None
) -> None:
    source = csv_source(quote='"', **AS_IT_IS)
    body = b"1;" + written + b'\r\n"2";' + written + b"\r\n"
    outcome = read(spark, tmp_path, source, HEADER + body, b'"code";"name"\r\n' + body)

    assert outcome.rejects == []
    assert outcome.values("code", "name") == [("1", name), ("2", name)] * 2


def test_without_a_declared_quote_quotes_are_text(spark: SparkSession, tmp_path: Path) -> None:
    outcome = read(spark, tmp_path, csv_source(), HEADER + b'1;"ALFA" S.A.\r\n2;"B"\r\n')
    assert outcome.values("name") == ['"ALFA" S.A.', '"B"']


def test_broken_quotes_and_wrong_numbers_of_fields_are_rejected_with_their_lines(
    spark: SparkSession, tmp_path: Path
) -> None:
    body = HEADER + b'1;"ALFA" BANCO\r\n2;"open\r\n"3";"a";"b"\r\n"4"\r\n5;"ends";\r\n6;x;y\r\n'
    outcome = read(spark, tmp_path, csv_source(quote='"'), body)
    fields_wrong = "the row does not have the 2 fields of the header"

    assert outcome.values("code", "name") == [("5", "ends")]
    assert outcome.reasons() == [
        (2, "", '1;"ALFA" BANCO', BAD_QUOTES),
        (3, "", '2;"open', BAD_QUOTES),
        (4, "", '"3";"a";"b"', fields_wrong),
        (5, "", '"4"', fields_wrong),
        (7, "", "6;x;y", "the row has 3 fields, but 2 are declared and the others must be blank"),
    ]


def test_a_line_is_windows_1252_where_it_is_not_utf_8_however_late(spark: SparkSession, tmp_path: Path) -> None:
    ascii_rows = b"".join(b"%d;NAME%05d\n" % (at, at) for at in range(9000))
    late = "x;CAIXA ECONÔMICA\ny;SÃO PAULO \u2013 SÉ\n".encode("cp1252") + "z;SÃO PAULO\n".encode()
    outcome = read(spark, tmp_path, csv_source(), HEADER + ascii_rows + late)

    assert outcome.rejects == []
    assert outcome.values("name")[-3:] == ["CAIXA ECONÔMICA", "SÃO PAULO \u2013 SÉ", "SÃO PAULO"]


def test_bytes_that_no_declared_encoding_has_are_rejected_and_a_written_replacement_is_not(
    spark: SparkSession, tmp_path: Path
) -> None:
    body = HEADER + b"1;A\x81B\n2;A\xe9B\n" + "3;A\ufffdB\n".encode()
    both = read(spark, tmp_path / "both", csv_source(), body)
    strict = read(spark, tmp_path / "strict", csv_source(encodings=("utf-8",)), body)

    assert both.values("code", "name") == [("2", "AéB"), ("3", "A\ufffdB")]
    assert both.reasons() == [(2, "", "1;A\ufffdB", "the row is not text in utf-8 or windows-1252")]
    assert strict.values("code") == ["3"]
    assert [line for line, *_ in strict.reasons()] == [2, 3]


PIECES = [b"A", b"\xe9", b"\x81", b"\xc3", b"\xa9", b"\xe2\x82", b"\xf0\x9f"]
PIECES += [character.encode() for character in ("\u00e9", "\u20ac", "\U0001f600", "\ufeff", LOST)]
ENCODINGS = [("utf-8", "windows-1252"), ("utf-8", "iso-8859-1"), ("utf-8",), ("windows-1252",)]


@pytest.mark.parametrize("encodings", ENCODINGS, ids=" or ".join)
def test_each_line_is_decoded_on_its_own(spark: SparkSession, tmp_path: Path, encodings: tuple[str, ...]) -> None:
    bodies = [[b"1;N" + first, b"2;N" + second, b"3;N" + first + second] for first in PIECES for second in PIECES]
    source = csv_source(encodings=encodings, **AS_IT_IS)
    outcome = read(spark, tmp_path, source, *[b"\n".join([b"code;name", *body]) for body in bodies])

    texts = [(line, decoded(line, encodings)) for body in bodies for line in body]
    # A replacement character is lost text unless it is in the bytes themselves.
    whole = [text for line, text in texts if LOST not in text or LOST.encode() in line]
    assert [f"{code};{name}" for code, name in outcome.values("code", "name")] == whole
    assert len(outcome.rejects) == len(texts) - len(whole)


def test_lost_characters_are_those_that_the_source_declares(spark: SparkSession, tmp_path: Path) -> None:
    body = HEADER + b"1;NU\xffEZ\n"
    assert read(spark, tmp_path / "a", csv_source(), body).values("name") == ["NUÿEZ"]
    assert read(spark, tmp_path / "b", csv_source(lost="ÿ"), body).values("name") == ["NU\ufffdEZ"]


def test_text_keeps_its_white_space_unless_declared(spark: SparkSession, tmp_path: Path) -> None:
    body = HEADER + "1; A  B\t C\u00a0 \n2; \t \n".encode()
    names = [
        read(spark, tmp_path / str(at), csv_source(**fields(code=Text(), name=parser)), body).values("name")
        for at, parser in enumerate((Text(trim=False), Text(), Text(collapse=True)))
    ]
    assert names == [[" A  B\t C\u00a0 ", None], ["A  B\t C", None], ["A B C", None]]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("whole", [1 << 20, 0], ids=["small", "large"])
def test_lines_have_their_numbers_with_any_line_end_in_small_and_large_files(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, whole: int
) -> None:
    monkeypatch.setattr(lines, "WHOLE_BYTES", whole)
    rows = [b"code;name", b"1;A", b"", b"2;B;C", b"  ", b"3;D"]
    outcome = read(spark, tmp_path, csv_source(), end.join(rows), end.join([*rows, b""]))

    assert outcome.values("source_line", "code") == [(2, "1"), (6, "3")] * 2
    assert [line for line, *_ in outcome.reasons()] == [4, 4]


def test_lines_of_a_file_of_several_blocks_are_numbered_through(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "WHOLE_BYTES", 0)
    session = spark.newSession()
    session.conf.set("spark.sql.files.maxPartitionBytes", "1000")
    body = HEADER + b"".join(b"%d;NAME %d\n" % (at, at) for at in range(500))
    outcome = read(session, tmp_path, csv_source(), body, body + b"500;X\n")

    assert outcome.values("source_line", "code") == [
        *[(at + 2, str(at)) for at in range(500)],
        *[(at + 2, str(at)) for at in range(501)],
    ]


def test_two_files_of_one_content_are_two_files(spark: SparkSession, tmp_path: Path) -> None:
    outcome = read(spark, tmp_path, csv_source(), HEADER + b"1;A\n", HEADER + b"1;A\n")
    assert outcome.values("_file", "code") == [(0, "1"), (1, "1")]


def test_files_without_a_header_are_read_in_order(spark: SparkSession, tmp_path: Path) -> None:
    source = csv_source(header=False, delimiter="|")
    outcome = read(spark, tmp_path, source, b"\xef\xbb\xbf1|A\n2|B|\n", b"3|C|\n", b"4|D|E|F\n")

    assert outcome.values("source_line", "code", "name") == [(1, "1", "A"), (2, "2", "B"), (1, "3", "C")]
    assert outcome.refused == ["the first row has 4 fields, but 2 are declared"]


def test_undeclared_columns_are_refused_unless_ignored(spark: SparkSession, tmp_path: Path) -> None:
    body = b"code;note;name;more\n1;x;A;y\n2;x;B;\n"
    refused = read(spark, tmp_path / "a", csv_source(), body)
    named = read(spark, tmp_path / "b", csv_source(ignore=("Note", "more")), body)
    every = read(spark, tmp_path / "c", csv_source(ignore_undeclared=True), body)

    assert refused.refused == [
        "column 2 of the header is not one of the 2 of layout v1, or occurs twice; declare it or ignore it"
    ]
    assert named.values("code", "name") == every.values("code", "name") == [("1", "A"), ("2", "B")]


def test_a_file_larger_than_declared_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    outcome = read(spark, tmp_path, csv_source(max_bytes=10), HEADER + b"1;A\n")
    assert outcome.refused == ["the file is larger than the declared max_bytes=10"]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=("Cs",)), max_size=8)
FOLDERS = itertools.count()


@few_and_many(5, 25)
def test_what_python_writes_is_what_is_read(spark: SparkSession, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(st.lists(NAMES, min_size=1, max_size=30), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    @example(["\x1c", "\x1f", "a\x1f"], csv.QUOTE_ALL)
    def check(names: list[str], quoting: int) -> None:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
        writer.writerows([("code", "name"), *((str(at), name) for at, name in enumerate(names))])
        with tempfile.TemporaryDirectory() as folder:
            outcome = read(spark, Path(folder), csv_source(quote='"', **AS_IT_IS), text.getvalue().encode())

        blank = " \t\x0b\f\x1c\x1d\x1e\x1f\u00a0"
        assert outcome.values("name") == [name if name.strip(blank) else None for name in names]
        assert outcome.rejects == []

    check()


@pytest.mark.parametrize("many", [lines.MANY_FILES, 1], ids=["by Spark", "by Python workers"])
def test_many_small_files_are_read_like_few(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(lines, "MANY_FILES", many)
    bodies = ("\ufeffcode;name\r\n1;São João\r\n\r\n3;c".encode(), "code;name\n1;Grão\n2;b;c\n".encode("cp1252"))
    turned, rows = b"name;code\nAlfa;4\n", HEAD_BYTES // 4
    longer_than_a_head = b"code;name\n" + b"5;a\n" * rows

    outcome = read(spark, tmp_path, csv_source(), *bodies, b"code\n1\n", b"", bodies[0], turned, longer_than_a_head)

    first = [(2, "1", "São João"), (4, "3", "c")]
    short, long = outcome.values("source_line", "code", "name")[:6], outcome.values("source_line", "code", "name")[6:]
    assert short == [*first, (2, "1", "Grão"), *first, (2, "4", "Alfa")]
    assert long == [(at + 2, "5", "a") for at in range(rows)]
    assert [line for line, *_ in outcome.reasons()] == [3]
    assert outcome.refused == [
        "the header lacks this column of layout v1",
        "the file is empty: it has no header line",
    ]
