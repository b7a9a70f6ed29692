"""Python rows as a Spark DataFrame; a small number of rows needs no Python workers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MANY = 20_000
"""Below this number, all rows are one literal of the plan, which is fastest; a longer literal would fill logs and
memory.
"""
PART = 5_000
"""Rows per text if there are more; each text is passed to the JVM separately."""


def frame_of(spark: SparkSession, rows: Iterable[Mapping[str, object]], schema: str) -> DataFrame:
    """Return a DataFrame of ``rows``, each a mapping of the column names in ``schema`` to values; missing values are
    NULL.

    ``schema`` is Spark DDL; a value is None, str, int, float, Decimal, a dict of str or a datetime with its zone.
    Raises TypeError for other values. Spark's own ``createDataFrame`` would start Python workers, which takes seconds,
    to read rows that are already in the driver.
    """
    from pyspark.sql import functions as F

    listed = list(rows)
    if len(listed) < MANY:
        texts, text = spark.range(0, 1, 1, 1), F.lit(_json(listed))
    else:
        parts = (listed[at : at + PART] for at in range(0, len(listed), PART))
        texts, text = _texts(spark, map(_json, parts)), F.col("value")
    return texts.select(F.inline(F.from_json(text, f"array<struct<{schema}>>", {"mode": "FAILFAST"})))


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return json.dumps([dict(row) for row in rows], default=_as_text)


def _texts(spark: SparkSession, texts: Iterable[str]) -> DataFrame:
    """Return a DataFrame with the column ``value``, one text per row."""
    from pyspark.sql import DataFrame

    listed = spark._jvm.java.util.ArrayList()
    for text in texts:
        listed.add(text)
    dataset = spark._jsparkSession.createDataset(listed, spark._jvm.org.apache.spark.sql.Encoders.STRING())
    return DataFrame(dataset.toDF(), spark)


def _as_text(value: object) -> str:
    """Return the text of a value for which JSON has no type. Raises TypeError for one that Spark would misread."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} is neither None, str, int, float, Decimal, a dict nor a datetime with its zone")
