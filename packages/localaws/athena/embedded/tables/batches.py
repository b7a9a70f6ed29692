"""Rows that are read here, as a temporary table of the query."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from localaws.athena.embedded.session import Session


def registered(session: Session, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> str:
    """The name of a temporary table of the batches, which are read once and one at a time.

    Raises what reading them raises, which DuckDB would show as an error of its own.
    """
    name = f"__rows_{uuid.uuid4().hex}"
    failures: list[Exception] = []
    try:
        session.register(name, pa.RecordBatchReader.from_batches(schema, _noted(batches, failures)))
    except duckdb.Error:
        if failures:
            raise failures[0] from None
        raise
    return name


def _noted(batches: Iterator[pa.RecordBatch], failures: list[Exception]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except Exception as error:
        failures.append(error)
        raise
