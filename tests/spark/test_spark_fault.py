"""Spark's own errors, and Java exceptions of the real classes, are converted to the right error of a commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from reading import csv_source, fields

from estrela.errors import LoadError, TransformError
from estrela.etl.loaders.commit import ATTEMPTS, commit
from estrela.etl.star_tables import StarTables
from estrela.model import Column, Dimension, Text

FILES = StarTables("banking").files
DIVIDED = "SELECT 10 DIV (id - 5) AS value FROM range(10)"


def refused(change: Any) -> LoadError | TransformError:
    with pytest.raises((LoadError, TransformError)) as caught:
        commit(FILES, change)
    return caught.value


@pytest.mark.parametrize("partitions", [1, 3])
def test_rows_that_cannot_be_computed_are_final(spark: SparkSession, partitions: int) -> None:
    rows = spark.sql(DIVIDED).repartition(partitions)
    error = refused(lambda: rows.write.format("noop").mode("overwrite").save())
    assert isinstance(error, TransformError)
    assert not error.retriable
    assert "[DIVIDE_BY_ZERO]" in str(error)


def test_a_python_function_that_fails_is_final(spark: SparkSession) -> None:
    wrong = F.udf(lambda value: 1 / value)
    error = refused(lambda: spark.range(1).select(wrong("id")).collect())
    assert isinstance(error, TransformError)
    assert "ZeroDivisionError" in str(error)


def test_a_column_that_does_not_exist_is_final(spark: SparkSession) -> None:
    error = refused(lambda: spark.range(1).select("nothing"))
    assert isinstance(error, TransformError)
    assert "[UNRESOLVED_COLUMN.WITH_SUGGESTION]" in str(error)


@pytest.mark.parametrize("change", ["cast", "python", "raised"])
def test_a_value_of_a_sensitive_column_is_in_no_error(spark: SparkSession, change: str) -> None:
    def fails(value: str) -> str:
        raise ValueError(f"wrong number {value}")

    rows = {
        "cast": F.col("cpf").cast("int"),
        "python": F.udf(fails)("cpf"),
        "raised": F.raise_error(F.concat(F.lit("wrong number "), "cpf")),
    }
    cpf = Column("cpf", "string", "Tax number of a person", sensitive=True)
    source = replace(csv_source(**fields(cpf=Text())), columns=(cpf,))
    dim_person = Dimension(
        "dim_person", "People", (source,), lambda shops: shops, (replace(cpf, sensitive=False),), ("cpf",)
    )
    for table in (StarTables("bank").trusted(source), StarTables("bank").refined(dim_person)):
        with pytest.raises(TransformError) as caught:
            commit(table, lambda: spark.sql("SELECT '4711x' AS cpf").select(rows[change]).collect())
        assert "4711" not in str(caught.value)
        assert str(caught.value).endswith("(text withheld: it may quote a sensitive value)")
    assert "4711" in str(refused(lambda: spark.sql("SELECT '4711x' AS cpf").select(rows[change]).collect()))


def test_sparks_message_about_a_plan_is_not_withheld(spark: SparkSession) -> None:
    with pytest.raises(TransformError, match=r"UNRESOLVED_COLUMN.*`nothing`"):
        commit(replace(FILES, is_sensitive=True), lambda: spark.range(1).select("nothing"))


@pytest.fixture
def java(spark: SparkSession) -> Any:
    return spark._jvm


def raising(java: Any, cause: Any) -> Any:
    """Return a change that fails like a job whose stage was aborted for ``cause``, and that counts its attempts."""

    def change() -> None:
        change.attempts += 1  # type: ignore[attr-defined]
        raise Py4JJavaError("An error occurred", java.org.apache.spark.SparkException("Job aborted", cause))

    change.attempts = 0  # type: ignore[attr-defined]
    return change


def test_lost_executors_timeouts_and_memory_errors_are_retriable(java: Any) -> None:
    unknown = java.org.apache.iceberg.exceptions.CommitStateUnknownException
    for cause in (
        None,
        java.java.net.SocketTimeoutException("Read timed out"),
        java.java.lang.OutOfMemoryError("Java heap space"),
        unknown(java.java.lang.RuntimeException("Glue timed out")),
    ):
        error = refused(raising(java, cause))
        assert isinstance(error, LoadError)
        assert error.retriable


def test_a_commit_that_was_overtaken_is_made_again_a_few_times(spark: SparkSession, java: Any) -> None:
    no_arguments = spark.sparkContext._gateway.new_array(java.java.lang.Object, 0)
    overtaken = java.org.apache.iceberg.exceptions.CommitFailedException("Version 3 already exists", no_arguments)
    change = raising(java, overtaken)
    error = refused(change)
    assert (change.attempts, error.retriable) == (ATTEMPTS, True)
