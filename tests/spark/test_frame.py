"""Rows in Python as a DataFrame."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from estrela import frame
from estrela.frame import frame_of

SCHEMA = "name string, start bigint, fetched_at timestamp, requested map<string, string>"


@pytest.mark.parametrize("many", [frame.MANY, 0], ids=["few rows", "many rows"])
def test_values_keep_their_types_and_a_column_that_a_row_lacks_is_null(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(frame, "MANY", many)
    brasilia = timezone(timedelta(hours=-3))
    full = {
        "name": "Itaú",
        "start": 2**40,
        "fetched_at": datetime(2021, 1, 31, 22, 15, 0, 123456, brasilia),
        "requested": {"year": "2021"},
    }

    dataframe = frame_of(spark, [full, {"name": None}], SCHEMA)

    assert [field.simpleString() for field in dataframe.schema] == [
        "name:string",
        "start:bigint",
        "fetched_at:timestamp",
        "requested:map<string,string>",
    ]
    rows = dataframe.selectExpr("name", "start", "string(fetched_at) AS at", "requested").collect()
    assert [tuple(row) for row in rows] == [
        ("Itaú", 2**40, "2021-02-01 01:15:00.123456", {"year": "2021"}),
        (None, None, None, None),
    ]


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(), max_size=20))
def test_texts_arrive_as_they_are_in_their_order(spark: SparkSession, texts: list[str]) -> None:
    dataframe = frame_of(spark, [{"text": text} for text in texts], "`text` string")

    assert [row["text"] for row in dataframe.collect()] == texts


@pytest.mark.parametrize("many", [frame.MANY, 0], ids=["few rows", "many rows"])
def test_no_python_worker_is_started(spark: SparkSession, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(frame, "MANY", many)
    monkeypatch.setattr(spark.sparkContext, "pythonExec", "no-such-python")

    assert frame_of(spark, [{"n": 1}, {"n": 2}], "n int").selectExpr("sum(n)").first() == (3,)


@pytest.mark.parametrize("value", [datetime(2021, 1, 31), b"1"])
def test_a_value_of_an_unknown_type_is_refused(spark: SparkSession, value: object) -> None:
    with pytest.raises(
        TypeError, match="is neither None, str, int, float, Decimal, a dict nor a datetime with its zone"
    ):
        frame_of(spark, [{"at": value}], "at timestamp")


def test_a_value_of_another_type_than_declared_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(Py4JJavaError, match="MALFORMED_RECORD"):
        frame_of(spark, [{"n": "many"}], "n int").collect()
