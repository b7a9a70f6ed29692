"""CREATE TABLE AS with ``bucketed_by``: rows are in the same buckets as in files written by Trino 476."""

from __future__ import annotations

import re
from typing import Any

import pytest

ROWS = (
    "SELECT * FROM (VALUES"
    " (1, CAST(-1 AS bigint), 'a', DATE '1969-12-30', true, CAST('x' AS varchar(5)), 1),"
    " (-7, 5000000000, 'São Luís', DATE '2024-02-29', false, CAST('é' AS varchar(5)), 2),"
    " (NULL, NULL, NULL, NULL, NULL, NULL, 3),"
    " (2147483647, -9223372036854775808, '', DATE '1970-01-01', true, CAST('' AS varchar(5)), 4)"
    ") t(i, b, s, d, o, v, n)"
)


def bucketed(athena: Any, columns: str, more: str = "") -> list[tuple[str | None, ...]]:
    names = ", ".join(f"'{name}'" for name in columns.split(", "))
    athena.rows(f"CREATE TABLE t WITH (bucketed_by = ARRAY[{names}], bucket_count = 7{more}) AS {ROWS}")
    rows = athena.rows('SELECT n, "$path" FROM t ORDER BY n')
    return [(n, re.sub(r".*/0*(\d+)_0_[^/]*$", r"\1", str(path))) for n, path in rows]


@pytest.mark.parametrize(
    ("columns", "buckets"),
    [
        ("i", "1201"),
        ("b", "0600"),
        ("s", "2101"),
        ("d", "0000"),
        ("o", "1001"),
        ("v", "4001"),
        ("i, s", "5100"),
    ],
)
def test_a_row_goes_to_the_bucket_that_trino_finds_it_in(athena, aws, columns: str, buckets: str) -> None:
    assert bucketed(athena, columns) == [(str(i), bucket) for i, bucket in enumerate(buckets, 1)]
    storage = aws.client("glue").get_table(DatabaseName=athena.database, Name="t")["Table"]["StorageDescriptor"]
    assert (storage["BucketColumns"], storage["NumberOfBuckets"]) == (columns.split(", "), 7)


def test_each_partition_has_its_buckets(athena) -> None:
    assert bucketed(athena, "i", ", partitioned_by = ARRAY['n'], format = 'TEXTFILE'") == [
        ("1", "1"),
        ("2", "2"),
        ("3", "0"),
        ("4", "1"),
    ]
    assert "INTO 7 BUCKETS" in [line for (line,) in athena.rows("SHOW CREATE TABLE t")]


def test_a_bucketed_table_takes_no_more_rows(athena) -> None:
    bucketed(athena, "i")
    reason = athena.fails(f"INSERT INTO t {ROWS}")
    assert reason.startswith("NOT_SUPPORTED: INSERT into a bucketed table is not supported by Athena")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            "bucketed_by = ARRAY['i']",
            "INVALID_TABLE_PROPERTY: bucketed_by needs column names, and bucket_count a number",
        ),
        ("bucketed_by = ARRAY['i'], bucket_count = 0", "INVALID_TABLE_PROPERTY: bucketed_by needs column names, and"),
        (
            "bucketed_by = ARRAY['x'], bucket_count = 3",
            "INVALID_TABLE_PROPERTY: Bucketing columns ['x'] not present in",
        ),
        ("bucketed_by = ARRAY['r'], bucket_count = 3", "NOT_SUPPORTED: bucketed_by with a column of type double"),
    ],
)
def test_buckets_that_cannot_be_made_are_refused(athena, options: str, reason: str) -> None:
    assert athena.fails(f"CREATE TABLE t WITH ({options}) AS SELECT 1 AS i, 1.5 AS r").startswith(reason)
    assert athena.rows("SHOW TABLES") == []
