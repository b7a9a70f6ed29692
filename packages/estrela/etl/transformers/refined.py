"""Dimensions and facts computed from trusted tables: surrogate keys, versions, lookups. All functions are pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from estrela.errors import TransformError
from estrela.etl.row_hash import row_hash
from estrela.model.check import Check, NotNull, Unique
from estrela.model.column import Column as Declared
from estrela.model.table import SESSION, UNKNOWN_KEY, Dimension, Fact, Lookup, Scd2, Table

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

FIRST_DAY, LAST_DAY = "1900-01-01", "9999-12-31"
UNKNOWN = "unknown"


def dimension_rows(dimension: Dimension, sources: Mapping[str, DataFrame | SparkSession]) -> DataFrame:
    """Return the rows of the dimension: its members or their versions, and the unknown member.

    For a dimension without sources, ``sources`` contains the session under the name ``spark``.
    """
    extra = (dimension.history.as_of,) if isinstance(dimension.history, Scd2) else ()
    rows = _transformed(dimension, sources, (*[column.name for column in dimension.columns], *extra))
    if isinstance(dimension.history, Scd2):
        rows = _versions(rows, dimension, dimension.history)
    types = {column.name: column.type for column in dimension.all_columns}
    durable = [F.col(name).cast(types[name]) for name in dimension.business_key]
    version = [F.col("valid_from")] if isinstance(dimension.history, Scd2) else []
    keyed = rows.withColumns({dimension.key: row_hash([*durable, *version]), dimension.durable_key: row_hash(durable)})
    return _selected(keyed, dimension.all_columns).unionByName(_unknown_member(rows, dimension))


def fact_rows(fact: Fact, sources: Mapping[str, DataFrame], dimensions: Mapping[str, DataFrame]) -> DataFrame:
    """Return the rows of the fact: the result of its transform with a key per lookup, 0 for unknown members."""
    rows = _transformed(fact, sources, fact.transformed)
    for lookup in fact.lookups:
        rows = _looked_up(rows, lookup, dimensions[lookup.dimension.name])
    return _selected(rows, fact.all_columns)


def own_checks(table: Table) -> tuple[Check, ...]:
    """Return the checks that every table of its kind has, followed by the declared checks."""
    if isinstance(table, Fact):
        keys = [NotNull(lookup.key) for lookup in table.lookups]
        return (Unique(table.grain), *keys, *table.checks)
    versions = ("valid_from",) if isinstance(table.history, Scd2) else ()
    present = [NotNull(name) for name in table.business_key]
    return (Unique((table.key,)), Unique((*table.business_key, *versions)), *present, *table.checks)


def _transformed(table: Table, sources: Mapping[str, DataFrame | SparkSession], expected: Sequence[str]) -> DataFrame:
    """Return the result of the transform. Raises TransformError if its columns differ from the declaration."""
    parameters = [source.name for source in table.sources] or [SESSION]
    rows: DataFrame = table.transform(**{name: sources[name] for name in parameters})
    missing, unknown = sorted({*expected} - {*rows.columns}), sorted({*rows.columns} - {*expected})
    if missing or unknown:
        raise TransformError(table.name, f"the transform lacks columns {missing} and has undeclared columns {unknown}")
    return rows


def _selected(rows: DataFrame, columns: Sequence[Declared]) -> DataFrame:
    return rows.select(*[F.col(column.name).cast(column.type).alias(column.name) for column in columns])


def _versions(rows: DataFrame, dimension: Dimension, history: Scd2) -> DataFrame:
    """Return one row per run of equal tracked values, ordered by as_of, with the newest values of the other columns."""
    member = Window.partitionBy(*dimension.business_key)
    timeline = member.orderBy("as_of_date", "tracked_values")
    dated = (
        rows.withColumn("as_of_date", F.col(history.as_of))
        .withColumn("tracked_values", F.struct(*history.tracked))
        .withColumn("dated", F.count(history.as_of).over(member))
        # Rows without a date count only for members that have no dated rows.
        .where((F.col("dated") == 0) | F.col("as_of_date").isNotNull())
    )
    free = [
        column.name for column in dimension.columns if column.name not in (*dimension.business_key, *history.tracked)
    ]
    newest = F.max(F.struct("as_of_date", *[F.col(name) for name in free])).over(member)
    marked = dated.withColumn("newest", newest).withColumn("before", F.lag("tracked_values").over(timeline))
    starts = marked.withColumn("place", F.row_number().over(timeline)).where(
        (F.col("place") == 1) | ~F.col("before").eqNullSafe(F.col("tracked_values"))
    )
    opened = F.when(F.col("place") == 1, F.lit(FIRST_DAY).cast("date")).otherwise(F.col("as_of_date"))
    closed = F.lead("valid_from").over(member.orderBy("valid_from"))
    return (
        starts.withColumn("valid_from", opened)
        .withColumn("valid_to", F.coalesce(closed, F.lit(LAST_DAY).cast("date")))
        .withColumn("is_current", F.col("valid_to") == F.lit(LAST_DAY).cast("date"))
        .withColumns({name: F.col(f"newest.{name}") for name in free})
    )


def _unknown_member(rows: DataFrame, dimension: Dimension) -> DataFrame:
    """Return the unknown member: key 0, always valid, strings are ``unknown`` and all other columns NULL."""
    values = {
        "valid_from": F.lit(FIRST_DAY),
        "valid_to": F.lit(LAST_DAY),
        "is_current": F.lit(True),
        dimension.key: F.lit(UNKNOWN_KEY),
        dimension.durable_key: F.lit(UNKNOWN_KEY),
    }
    nullable = {column.name for column in dimension.columns if column.type != "string"}
    return rows.sparkSession.range(1).select(
        *[
            values.get(column.name, F.lit(None if column.name in nullable else UNKNOWN))
            .cast(column.type)
            .alias(column.name)
            for column in dimension.all_columns
        ]
    )


def _looked_up(rows: DataFrame, lookup: Lookup, members: DataFrame) -> DataFrame:
    """Return ``rows`` with the keys of the member (and version) they refer to; the left join matches at most once."""
    right = members.where(F.col(lookup.dimension.key) != UNKNOWN_KEY).select(
        F.col(lookup.dimension.key).alias("_key"),
        *[F.col(name).alias(f"_{name}") for name in lookup.dimension.business_key],
        *[F.col(name).alias(f"_brought_{name}") for name in lookup.brings],
        *([F.col("valid_from").alias("_from"), F.col("valid_to").alias("_to")] if lookup.as_of else []),
    )
    matches = [
        F.col(left) == F.col(f"_{name}") for left, name in zip(lookup.on, lookup.dimension.business_key, strict=True)
    ]
    if lookup.as_of:
        matches += [F.col(lookup.as_of) >= F.col("_from"), F.col(lookup.as_of) < F.col("_to")]
    added = {lookup.key: F.coalesce("_key", F.lit(UNKNOWN_KEY)), lookup.durable_key: durable_key(lookup)}
    added |= {name: F.col(f"_brought_{name}") for name in lookup.brings}
    return rows.join(right, matches, "left").withColumns(added).drop(*right.columns)


def durable_key(lookup: Lookup) -> Column:
    """Return the durable key of the member that a row refers to, even if the dimension lacks that member."""
    types = {column.name: column.type for column in lookup.dimension.columns}
    named = zip(lookup.on, lookup.dimension.business_key, strict=True)
    return row_hash([F.col(name).cast(types[key]) for name, key in named])
