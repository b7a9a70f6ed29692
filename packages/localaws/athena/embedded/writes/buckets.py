"""Hive's buckets: they determine the file of a bucketed table to which a row is written.

The hash is that of Hive's bucketing version 1, which Athena writes and Trino checks when it reads:
https://trino.io/docs/476/connector/hive.html (``bucketing_version``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.syntax.options import Value, names_option
from localaws.athena.types.trino import Columns, Type

BUCKET_OPTIONS = frozenset({"bucketed_by", "bucket_count"})
_LOW_BITS = 0xFFFFFFFF
_NOT_NEGATIVE = 0x7FFFFFFF


@dataclass(frozen=True)
class Buckets:
    """The columns whose values determine a row's bucket, and the number of buckets, ``count``."""

    columns: Columns
    count: int

    @property
    def number(self) -> str:
        """The number of a row's bucket, as a DuckDB expression."""
        total = "0"
        for name, kind in self.columns:
            total = f"(({total} * 31 + coalesce({_hash(name_literal(name), kind)}, 0)) & {_LOW_BITS})"
        return f"({total} & {_NOT_NEGATIVE}) % {self.count}"


def buckets_option(options: Mapping[str, Value], columns: Columns) -> Buckets | None:
    """The buckets in the options of CREATE TABLE AS; None if there are none.

    Raises QueryError for invalid columns or an invalid count, UnsupportedError for a type whose hash is not supported.
    """
    names = names_option(options, "bucketed_by")
    if not BUCKET_OPTIONS & set(options):
        return None
    count = str(options.get("bucket_count", ""))
    if not names or not count.isdigit() or int(count) == 0:
        raise QueryError(
            "INVALID_TABLE_PROPERTY", "bucketed_by needs column names, and bucket_count a number greater than zero"
        )
    kinds = dict(columns)
    if missing := [name for name in names if name not in kinds]:
        raise QueryError("INVALID_TABLE_PROPERTY", f"Bucketing columns {missing} not present in schema")
    buckets = Buckets(tuple((name, kinds[name]) for name in names), int(count))
    for name, kind in buckets.columns:
        _hash(name_literal(name), kind)
    return buckets


def _hash(column: str, kind: Type) -> str:
    if kind.name in ("tinyint", "smallint", "integer", "boolean"):
        return f"CAST({column} AS BIGINT)"
    if kind.name == "bigint":
        return f"(xor({column}, {column} >> 32) & {_LOW_BITS})"
    if kind.name == "date":
        return f"CAST({column} - DATE '1970-01-01' AS BIGINT)"
    if kind.name == "varchar":
        return f"trino_hive_hash({column}, {1 if kind.size else 0})"
    raise UnsupportedError(f"bucketed_by with a column of type {kind}")
