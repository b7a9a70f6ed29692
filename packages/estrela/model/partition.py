"""Partition fields: the columns, date parts and hash buckets by which the files of a table are grouped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.column import Column, require_distinct, require_known

UNITS = ("year", "month", "day")
"""Units of date parts, coarsest first."""


@dataclass(frozen=True)
class DatePart:
    """The ``unit`` of a date or timestamp ``column`` (UTC): ``year``, ``month`` or ``day``."""

    column: str
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DefinitionError(f"DatePart({self.column!r})", f"unknown unit {self.unit!r}", UNITS)

    @property
    def name(self) -> str:
        """Name of the field in Iceberg's partition struct."""
        return f"{self.column}_{self.unit}"


@dataclass(frozen=True)
class Bucket:
    """One of ``count`` buckets of a hash of ``column``, for partitions that are too large for one task."""

    column: str
    count: int

    def __post_init__(self) -> None:
        if self.count < 2:
            raise DefinitionError(f"Bucket({self.column!r})", f"count={self.count}; at least 2 buckets are allowed")


PartitionField = str | DatePart | Bucket
"""A column, a part of its date, or a bucket of its hash."""
Partition = tuple[str | None, ...]
"""Values of one partition's fields as text, without buckets: the first day of a date part, None for NULL."""


def year(column: str) -> DatePart:
    """Partition by the year of ``column``."""
    return DatePart(column, "year")


def month(column: str) -> DatePart:
    """Partition by the month of ``column``."""
    return DatePart(column, "month")


def day(column: str) -> DatePart:
    """Partition by the day of ``column``."""
    return DatePart(column, "day")


def bucket(column: str, count: int) -> Bucket:
    """Partition by ``count`` buckets of a hash of ``column``."""
    return Bucket(column, count)


def column_of(field: PartitionField) -> str:
    """Return the column that a field is computed from."""
    return field if isinstance(field, str) else field.column


def valued(fields: Iterable[PartitionField]) -> tuple[str | DatePart, ...]:
    """Return the fields that decide which rows a partition contains: all except buckets, which only split them."""
    return tuple(field for field in fields if not isinstance(field, Bucket))


def sql_of(field: PartitionField, quote: str = "") -> str:
    """Return the SQL of the field for PARTITIONED BY and ORDER BY in Spark and Athena; ``quote`` encloses names."""
    name = f"{quote}{column_of(field)}{quote}"
    if isinstance(field, DatePart):
        return f"{field.unit}({name})"
    return f"bucket({field.count}, {name})" if isinstance(field, Bucket) else name


def validate_partitioning(where: str, fields: Sequence[PartitionField], columns: Sequence[Column]) -> None:
    """Raise DefinitionError if a field names an unknown column, takes a date part of a non-date, or is repeated."""
    types = {column.name: column.type for column in columns}
    require_known(where, "partition_by", map(column_of, fields), list(types))
    require_distinct(where, [column_of(field) for field in fields if not isinstance(field, Bucket)])
    for field in fields:
        if isinstance(field, DatePart) and types[field.column] not in ("date", "timestamp"):
            problem = f"partition_by takes the {field.unit} of {field.column!r}, which is a {types[field.column]}"
            raise DefinitionError(where, problem, ("date", "timestamp"))


def start_of(field: str | DatePart, text: str) -> str:
    """Return the partition value of a field for a column's value as text; for a date part, its first day."""
    if isinstance(field, str):
        return text
    return {"year": f"{text[:4]}-01-01", "month": f"{text[:7]}-01", "day": text[:10]}[field.unit]
