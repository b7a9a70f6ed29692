"""Outcome of a statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from localaws.athena.types.trino import Columns


@dataclass
class Rows:
    """A query's columns and rows, in batches that can be read once; every value is text as Athena prints it."""

    columns: Columns
    batches: Iterable[pa.RecordBatch]


@dataclass
class Lines:
    """Text of a DDL or utility statement: each line is a row with one cell, even if there are several columns."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass
class Written:
    """Rows written to a table or a folder, and the ``s3://`` locations of the new files."""

    rows: int
    files: list[str]


Outcome = Rows | Lines | Written
