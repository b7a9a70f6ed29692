"""Compressed files and line ends inside quotes: the same rows, with the line numbers of the uncompressed file."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from reading import csv_source, fields, read

from estrela.model import Text

BODY = b'code;name\r\n1;A\r\n"2";"B ""x""\r\nC;\nD"\r\n\r\n3;x;y\r\n4;"E"\n5;5" pipe\n'


def zipped(*bodies: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, body in enumerate(bodies):
            archive.writestr(f"{number}.csv", body)
    return content.getvalue()


PACKED = {
    "": BODY,
    "gzip": gzip.compress(BODY[:20]) + gzip.compress(BODY[20:]),
    "bz2": bz2.compress(BODY),
    "zstd": pa.compress(BODY, codec="zstd", asbytes=True),
    "zip": zipped(BODY),
}


@pytest.mark.parametrize("compression", PACKED)
def test_rows_and_lines_are_those_of_the_content(spark: SparkSession, tmp_path: Path, compression: str) -> None:
    as_it_is = fields(code=Text(), name=Text(trim=False))
    source = csv_source(quote='"', multiline=True, compression=compression, **as_it_is)
    outcome = read(spark, tmp_path, source, PACKED[compression])

    assert outcome.values("source_line", "code", "name") == [
        (2, "1", "A"),
        (3, "2", 'B "x"\r\nC;\nD'),
        (8, "4", "E"),
        (9, "5", '5" pipe'),
    ]
    assert outcome.reasons() == [
        (7, "", "3;x;y", "the row has 3 fields, but 2 are declared and the others must be blank")
    ]


@pytest.mark.parametrize(
    ("compression", "content", "reason"),
    [
        ("gzip", b"code;name\n1;A\n", "it is not a valid gzip file: Not a gzipped file (b'co')"),
        ("bz2", b"code;name\n1;A\n", "it is not a valid bz2 file: Invalid data stream"),
        ("zip", b"code;name\n1;A\n", "it is not a valid zip file: File is not a zip file"),
        ("zip", zipped(BODY, BODY), "the zip archive must contain exactly 1 file, but contains 2: 0.csv, 1.csv"),
        ("zip", zipped(), "the zip archive must contain exactly 1 file, but contains 0"),
    ],
)
def test_a_file_that_cannot_be_unpacked_is_refused_before_it_is_read(
    spark: SparkSession, tmp_path: Path, compression: str, content: bytes, reason: str
) -> None:
    outcome = read(spark, tmp_path, csv_source(compression=compression), content)
    assert (outcome.rows, outcome.refused) == ([], [reason])


@pytest.mark.parametrize("compression", ["gzip", "bz2", "zstd"])
def test_a_file_that_ends_too_early_is_refused_as_a_whole(
    spark: SparkSession, tmp_path: Path, compression: str
) -> None:
    rows = b"".join(b"%d;%x\n" % (at, hash((at, "x")) % 2**60) for at in range(300_000))
    packer = {"gzip": gzip.compress, "bz2": bz2.compress}.get(compression)
    whole = packer(b"code;name\n" + rows) if packer else pa.compress(b"code;name\n" + rows, codec="zstd", asbytes=True)
    outcome = read(spark, tmp_path, csv_source(compression=compression), whole[: len(whole) // 2])

    assert outcome.rejects, "the damage must leave a reject"
    [(_, column, _, reason)] = outcome.reasons()
    assert column == ""
    assert reason.startswith(f"the file is refused: it is not a valid {compression} file: ")


def test_a_content_larger_than_declared_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    bomb = gzip.compress(b"code;name\n" + b"1;A\n" * 100_000)
    outcome = read(spark, tmp_path, csv_source(compression="gzip", max_bytes=100_000), bomb)
    [(_, _, _, reason)] = outcome.reasons()
    assert reason == "the file is refused: its content is larger than the declared max_bytes=100000"


def test_a_quote_that_is_never_closed_is_rejected(spark: SparkSession, tmp_path: Path) -> None:
    source = csv_source(quote='"', multiline=True)
    outcome = read(spark, tmp_path, source, b'code;name\n1;A\n2;"open\n3;B\n')
    assert outcome.values("code") == ["1"]
    assert outcome.reasons() == [
        (3, "", '2;"open\n3;B', "a quoted field is not closed, or has text after its closing quote")
    ]
