"""Partitions of a fact that are affected by a change of its source or of a dimension member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.partition_filter import partition_value
from estrela.model.partition import Partition, column_of, valued
from estrela.model.table import UNKNOWN_KEY, Fact, Lookup

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class MappedPartition:
    """A partition of a fact's source, the partition of the fact that it maps to, and the size of its files in bytes."""

    source: Partition
    fact: Partition
    size: int


def partitions_of(fact: Fact, source_partitions: DataFrame, size: str = "0") -> list[MappedPartition]:
    """Return each of ``source_partitions`` with the partition of the fact that it maps to.

    The rows of ``source_partitions`` have the columns by which the source of the fact's increment is partitioned.
    ``size`` is an SQL expression for the size of a partition in bytes.
    """
    assert fact.increment is not None
    types = {column.name: column.type for column in fact.all_columns}
    names = [column_of(field) for field in valued(fact.partition_by)]
    values = [F.expr(fact.increment.derived.get(name, name)).cast(types[name]).alias(name) for name in names]
    source = F.array(*[partition_value(field).cast("string") for field in valued(fact.increment.source.partition_by)])
    mapped = source_partitions.select(
        source.alias("source"), F.struct(*values).alias("value"), F.expr(size).alias("size")
    )
    rows = mapped.select("source", _partition(fact, "value.").alias("fact"), "size").collect()
    return [MappedPartition(tuple(row["source"]), tuple(row["fact"]), int(row["size"])) for row in rows]


def moved_partitions(
    fact: Fact, lookup: Lookup, rows: DataFrame, members: tuple[DataFrame, DataFrame]
) -> set[Partition]:
    """Return the partitions of the fact that have rows whose dimension member is outdated.

    ``rows`` are the rows of the fact; ``members`` are those of the lookup's dimension when the fact was built, and now.
    """
    versions = ["valid_from", "valid_to"] if lookup.as_of else []
    dimension = lookup.dimension
    names = [dimension.key, dimension.durable_key, *versions, *lookup.brings]
    before, now = (frame.where(F.col(dimension.key) != UNKNOWN_KEY).select(*dict.fromkeys(names)) for frame in members)
    changed = before.exceptAll(now).union(now.exceptAll(before)).select(F.col(dimension.durable_key).alias("_durable"))
    reached = rows.join(changed.distinct(), F.col(lookup.durable_key) == F.col("_durable"), "left_semi")
    if not lookup.brings and (not lookup.as_of or lookup.as_of in rows.columns):
        reached = _rekeyed(reached, lookup, now)
    return {tuple(row[0]) for row in reached.select(_partition(fact)).distinct().collect()}


def _rekeyed(rows: DataFrame, lookup: Lookup, members: DataFrame) -> DataFrame:
    """Return the rows whose key differs from the current key of the member (and version) that they refer to."""
    dimension = lookup.dimension
    known = members.select(
        F.col(dimension.key).alias("_key"),
        F.col(dimension.durable_key).alias("_durable"),
        *([F.col("valid_from").alias("_from"), F.col("valid_to").alias("_to")] if lookup.as_of else []),
    )
    matches = [F.col(lookup.durable_key) == F.col("_durable")]
    if lookup.as_of:
        matches += [F.col(lookup.as_of) >= F.col("_from"), F.col(lookup.as_of) < F.col("_to")]
    return rows.join(known, matches, "left").where(F.col(lookup.key) != F.coalesce("_key", F.lit(UNKNOWN_KEY)))


def guarded(fact: Fact, rows: DataFrame, within: Column) -> DataFrame:
    """Return ``rows`` of the fact with a guard: reading a row that is not ``within`` the replaced partitions fails.

    Such a row would be duplicated, because its own partition is not replaced. The error is a TransformError.
    """
    assert fact.increment is not None
    problem = (
        f"{fact.name}: a row computed from some partitions of {fact.increment.source.name} belongs to a partition of "
        "the fact that they do not map to; correct the increment's derived columns, or declare no increment"
    )
    # Not deterministic, on purpose: Spark would push a deterministic condition through a join on the same column to the
    # other side, whose rows may belong to any partition.
    never = F.spark_partition_id() < 0
    return rows.where(F.when(within | never, True).otherwise(F.raise_error(F.lit(problem)).cast("boolean")))


def _partition(fact: Fact, prefix: str = "") -> Column:
    """Return the partition of a row as an array of strings."""
    fields = valued(fact.partition_by)
    return F.array(*[partition_value(field, prefix).cast("string") for field in fields])
