"""Outcome of a statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from localaws.athena.types.trino import Columns


@dataclass
class Rows:
    """A query's columns and its rows, in batches that are read once; every value as the text that Athena prints."""

    columns: Columns
    batches: Iterable[pa.RecordBatch]


@dataclass
class Lines:
    """Text of a DDL or utility statement: one row of one cell a line; the columns may be more than one."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass
class Written:
    """Rows that went into a table or a folder, and the ``s3://`` locations of the new files."""

    rows: int
    files: list[str]


Outcome = Rows | Lines | Written
