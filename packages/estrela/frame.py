"""Rows that Python holds as a Spark frame, a few of them without Python workers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MANY = 20_000
"""From so many rows on, starting Python workers takes less time than parsing one long text."""


def frame_of(spark: SparkSession, rows: Iterable[Mapping[str, object]], schema: str) -> DataFrame:
    """A frame of ``rows``, each the values of the columns of ``schema`` by name; a column that it lacks is NULL.

    ``schema`` is Spark DDL; a value is None, str, int, a dict of str or a datetime with its zone. Raises TypeError for
    other values. Spark's own ``createDataFrame`` starts Python workers, which takes seconds, to read rows that the
    driver holds already: here they are used for MANY rows alone.
    """
    from pyspark.sql import functions as F

    checked = [{name: _checked(value) for name, value in row.items()} for row in rows]
    if len(checked) >= MANY:
        return spark.createDataFrame(checked, schema)
    text = F.lit(json.dumps(checked, default=datetime.isoformat))
    parsed = F.from_json(text, f"array<struct<{schema}>>", {"mode": "FAILFAST"})
    return spark.range(0, 1, 1, 1).select(F.inline(parsed))


def _checked(value: object) -> object:
    if value is None or isinstance(value, str | int | dict) or (isinstance(value, datetime) and value.tzinfo):
        return value
    raise TypeError(f"{value!r} is neither None, str, int, a dict nor a datetime with its zone")
