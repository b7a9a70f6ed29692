"""Commit of a change to a table's metadata, retried if another writer was faster."""

from __future__ import annotations

from collections.abc import Callable

from estrela.etl.lake_table import LakeTable
from estrela.etl.spark_fault import error_of, has_cause

ATTEMPTS = 4
OVERTAKEN = ("CommitFailedException", "AlreadyExistsException", "TableAlreadyExistsException")
"""Another writer committed or created the table first."""


def commit(table: LakeTable, change: Callable[[], object]) -> None:
    """Apply the repeatable ``change``. Raises LoadError, or TransformError if rows cannot be computed."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    for attempt in range(1, ATTEMPTS + 1):
        try:
            change()
        except (Py4JJavaError, PySparkException) as error:
            if attempt < ATTEMPTS and has_cause(error, *OVERTAKEN):
                continue
            raise error_of(table.path, error, is_sensitive=table.is_sensitive) from error
        else:
            return
