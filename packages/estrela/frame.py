"""Rows that Python holds as a Spark frame, a few of them without Python workers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MANY = 20_000
"""Up to so many rows are one literal of the plan, which costs least; a longer one would fill logs and memory."""
PART = 5_000
"""Rows of one text where there are many: each text is handed over by itself."""


def frame_of(spark: SparkSession, rows: Iterable[Mapping[str, object]], schema: str) -> DataFrame:
    """A frame of ``rows``, each the values of the columns of ``schema`` by name; a column that it lacks is NULL.

    ``schema`` is Spark DDL; a value is None, str, int, float, Decimal, a dict of str or a datetime with its zone.
    Raises TypeError for other values. Spark's own ``createDataFrame`` starts Python workers, which takes seconds, to
    read rows that the driver holds already.
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
    """A frame of ``value``, one text per row."""
    from pyspark.sql import DataFrame

    listed = spark._jvm.java.util.ArrayList()
    for text in texts:
        listed.add(text)
    dataset = spark._jsparkSession.createDataset(listed, spark._jvm.org.apache.spark.sql.Encoders.STRING())
    return DataFrame(dataset.toDF(), spark)


def _as_text(value: object) -> str:
    """Return the text of a value that JSON does not have. Raises TypeError for one that Spark would misread."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} is neither None, str, int, float, Decimal, a dict nor a datetime with its zone")
