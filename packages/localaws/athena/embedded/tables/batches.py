"""Rows that Python reads, stored in a temporary table of the query."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from localaws.athena.embedded.session import Session


def registered(session: Session, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> str:
    """Store batches in a temporary table and return its name; the batches are read once, one at a time.

    Raises errors of the batches unchanged; DuckDB would show them as its own.
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
