"""The partitions of a fact that a change affects, through its source or a member of one of its dimensions."""

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
    """A partition of a fact's source, the partition of the fact that it maps to, and the bytes of its files."""

    source: Partition
    fact: Partition
    size: int


def partitions_of(fact: Fact, source_partitions: DataFrame, size: str = "0") -> list[MappedPartition]:
    """Return the partition of the fact to which each of ``source_partitions`` maps.

    The rows hold the columns that the source of the fact's increment is partitioned by; the expression ``size`` gives
    the bytes of a partition.
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
    """Return the partitions of the fact that have a row which no longer has the right member.

    ``rows`` are those of the fact; ``members`` those of the lookup's dimension when they were computed, and now.
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
    """Rows whose key is not that of the member (and version) that they name now."""
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
    """Return ``rows`` of the fact, which fail when one of them is not ``within`` the partitions to be replaced.

    Such a row would be there twice: it is in a partition that stays as it is. Raises TransformError when read.
    """
    assert fact.increment is not None
    problem = (
        f"{fact.name}: a row computed from some partitions of {fact.increment.source.name} belongs to a partition of "
        "the fact that they do not map to; correct the increment's derived columns, or declare no increment"
    )
    # Spark moves a deterministic condition to the other side of a join on the same column, to rows of any partition.
    never = F.spark_partition_id() < 0
    return rows.where(F.when(within | never, True).otherwise(F.raise_error(F.lit(problem)).cast("boolean")))


def _partition(fact: Fact, prefix: str = "") -> Column:
    """The partition of a row, as an array of text."""
    fields = valued(fact.partition_by)
    return F.array(*[partition_value(field, prefix).cast("string") for field in fields])
