"""Filters that select the rows of some partitions of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.sql import quoted
from estrela.model.partition import DatePart, Partition, column_of, valued

if TYPE_CHECKING:
    from pyspark.sql import Column

_LONGEST = {"year": 366, "month": 31, "day": 1}


def partition_filter(table: LakeTable, partitions: Collection[Partition]) -> Column:
    """Return the condition that selects exactly the rows of ``partitions`` of ``table``.

    Partitions that share all values but one are combined into one IN. Alternatives are joined by OR without nested
    parentheses, in one text that Spark parses: a call to the JVM per value would take longer than the commit, and
    Spark's parser takes minutes for deep nesting. Spark parses such a text into a balanced tree. That matters because
    Spark and Iceberg process conditions recursively, and a chain of 1,500 alternatives would overflow the stack.
    """
    from pyspark.sql import functions as F

    fields = valued(table.partition_by)
    if not fields:
        return F.lit(bool(partitions))
    types = {column.name: column.type for column in table.columns}
    # The field with the most values is last, where one IN tests all of them.
    order = sorted(range(len(fields)), key=lambda at: len({partition[at] for partition in partitions}))
    ordered = {tuple(partition[at] for at in order) for partition in partitions}
    return F.expr(" OR ".join(_matches([fields[at] for at in order], ordered, types)) or "false")


def _matches(
    fields: Sequence[str | DatePart], partitions: Collection[Partition], types: Mapping[str, str]
) -> list[str]:
    """Return alternatives to be joined by OR; each is a conjunction."""
    first, *rest = fields
    if not rest:
        return _is_one_of(first, {partition[0] for partition in partitions}, types[column_of(first)])
    below: dict[str | None, set[Partition]] = defaultdict(set)
    for partition in partitions:
        below[partition[0]].add(partition[1:])
    alike: dict[frozenset[Partition], set[str | None]] = defaultdict(set)
    for value, others in below.items():
        alike[frozenset(others)].add(value)
    kind = types[column_of(first)]
    return [
        f"{here} AND {there}"
        for others, values in alike.items()
        for here, there in product(_is_one_of(first, values, kind), _matches(rest, others, types))
    ]


def clustered_by(table: LakeTable) -> list[Column]:
    """Return the columns by which to cluster rows into partitions, or none if buckets split the partitions further."""
    fields = valued(table.partition_by)
    return [partition_value(field) for field in fields] if len(fields) == len(table.partition_by) else []


def partition_value(field: str | DatePart, prefix: str = "") -> Column:
    """Return the partition value of a row: the column, or the first day of its date part.

    ``prefix`` precedes the column name, e.g. to select a field of a struct.
    """
    from pyspark.sql import functions as F

    column = F.col(f"{prefix}{column_of(field)}")
    return column if isinstance(field, str) else F.date_trunc(field.unit, column).cast("date")


def _is_one_of(field: str | DatePart, values: Collection[str | None], kind: str) -> list[str]:
    """Return alternatives to be joined by OR; each is a conjunction."""
    column, known = f"`{column_of(field)}`", sorted(value for value in values if value is not None)
    if isinstance(field, DatePart):
        alternatives = [
            f"{column} >= {_literal(low, kind)} AND {column} < {_literal(high, kind)}"
            for low, high in _spans(field, known)
        ]
    else:
        alternatives = [f"{column} IN ({', '.join(_literal(value, kind) for value in known)})"] if known else []
    return [*alternatives, *([f"{column} IS NULL"] if None in values else [])]


def _literal(value: str, kind: str) -> str:
    return quoted(value) if kind == "string" else f"CAST({quoted(value)} AS {kind})"


def _spans(field: DatePart, starts: Sequence[str]) -> list[tuple[str, str]]:
    """Merge consecutive date parts; return the first day of each run and the day after its last day."""
    spans: list[tuple[str, str]] = []
    for start in starts:
        end = _next(field.unit, start)
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _next(unit: str, start: str) -> str:
    """Return the first day of the date part after the one that begins on ``start``."""
    later = date.fromisoformat(start) + timedelta(_LONGEST[unit])
    return str({"year": later.replace(month=1, day=1), "month": later.replace(day=1), "day": later}[unit])
