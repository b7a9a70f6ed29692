"""Rows that Python holds as a Spark frame, made by the JVM alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def frame_of(spark: SparkSession, rows: Iterable[Mapping[str, object]], schema: str) -> DataFrame:
    """A frame of ``rows``, some thousands at most, each the values of the columns of ``schema`` by name.

    ``schema`` is Spark DDL; a value is None, str, int, a dict of str or a datetime with its zone; a column that a row
    lacks is NULL there. Raises TypeError for other values. Spark's own ``createDataFrame`` starts Python workers, which
    takes seconds, to read rows that the driver holds already.
    """
    from pyspark.sql import functions as F

    text = json.dumps([dict(row) for row in rows], default=_time)
    parsed = F.from_json(F.lit(text), f"array<struct<{schema}>>", {"mode": "FAILFAST"})
    return spark.range(0, 1, 1, 1).select(F.inline(parsed))


def _time(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo:
        return value.isoformat()
    raise TypeError(f"{value!r} is neither None, str, int, a dict nor a datetime with its zone")
