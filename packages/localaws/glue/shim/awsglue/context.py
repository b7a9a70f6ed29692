"""The Glue context: a SparkContext with its session."""

from __future__ import annotations

import logging
from typing import Any


class GlueContext:
    """``GlueContext(SparkContext.getOrCreate())``.

    ``spark_session`` is the SparkSession of that context. Glue's methods for DynamicFrames do not exist.
    """

    def __init__(self, sparkContext: Any, **options: Any) -> None:  # noqa: N803
        from pyspark.sql import SparkSession

        self.sc = sparkContext
        self.spark_session = SparkSession(sparkContext)

    def get_logger(self) -> logging.Logger:
        """A logger that writes to the job's error log."""
        return logging.getLogger("GlueLogger")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"GlueContext.{name} is not available on localaws, which has no DynamicFrame: "
            "use spark_session and DataFrames"
        )
