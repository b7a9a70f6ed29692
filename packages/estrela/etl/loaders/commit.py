"""One change of a table's metadata, made again where another writer was faster."""

from __future__ import annotations

from collections.abc import Callable

from estrela.errors import LoadError, TransformError
from estrela.etl.lake_table import LakeTable

ATTEMPTS = 4


def commit(table: LakeTable, change: Callable[[], object]) -> None:
    """Do ``change``, which can be made twice. Raises LoadError, or TransformError where its rows cannot be computed."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    for attempt in range(1, ATTEMPTS + 1):
        try:
            change()
        except (Py4JJavaError, PySparkException) as error:
            text = str(error)
            if attempt < ATTEMPTS and ("CommitFailed" in text or "AlreadyExists" in text):
                continue
            # What fails inside a job is the query's fault, what fails around it the table's.
            kind = TransformError if "Job aborted" in text or "Task failed" in text else LoadError
            raise kind(table.path, text) from error
        else:
            return
