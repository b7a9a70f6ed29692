"""The table of completeness: periods for which refined tables lack rows that were received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.accounts.account import LOADED, Account
from estrela.etl.accounts.file_accounts import FileAccounts
from estrela.etl.accounts.gap import Gap, gap_of, newest
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.raw.deliveries import known_partition
from estrela.etl.transformers.fact_partitions import partitions_of
from estrela.frame import frame_of
from estrela.model.partition import Partition, column_of, valued
from estrela.model.source import Source
from estrela.model.star import Star
from estrela.model.table import Fact, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Periods = dict[tuple[str, str], list[Account]]
"""Accounts by partition column and value; ("", "") is the key of all accounts."""


def record_completeness(star: Star, lake: LakeLoader) -> None:
    """Write the gaps of all tables to the run's branch if they differ from the recorded gaps."""
    table = lake.tables.completeness
    lake.ensure(table)
    accounts = {source.name: newest(source, FileAccounts(source, lake).known()) for source in _incomplete(star, lake)}
    gaps = [
        gap
        for star_table in star.tables
        for source in star_table.sources
        if source.name in accounts
        for gap in _gaps(lake.spark, star_table, source, accounts[source.name])
    ]
    recorded = [Gap(**row.asDict()) for row in lake.read(table).collect()] if lake.seen(table) else []
    if set(gaps) != set(recorded):
        lake.overwrite(table, frame_of(lake.spark, [gap.as_row() for gap in gaps], table.schema))


def _incomplete(star: Star, lake: LakeLoader) -> list[Source]:
    """Return the sources with at least one file that is not completely loaded."""
    files = lake.tables.files
    if not lake.seen(files):
        return []
    missing = lake.read(files).where((F.col("state") != LOADED) | (F.col("rows_rejected") > 0))
    names = {row["source"] for row in missing.select("source").distinct().collect()}
    return [source for source in star.sources if source.name in names]


def _gaps(spark: SparkSession, table: Table, source: Source, accounts: Sequence[Account]) -> list[Gap]:
    periods: Periods = {("", ""): list(accounts)}
    if isinstance(table, Fact) and table.increment and table.increment.source == source:
        periods |= _by_period(spark, table, source, accounts)
    gaps = [gap_of(table.name, column, period, members) for (column, period), members in sorted(periods.items())]
    return [gap for gap in gaps if gap]


def _by_period(spark: SparkSession, fact: Fact, source: Source, accounts: Sequence[Account]) -> Periods:
    """Return the accounts grouped by the fact's partition columns and the values that their files map to."""
    partitions = {file: known_partition(source, file) for file in accounts}
    mapped = _mapped(spark, fact, source, sorted(set(partitions.values())))
    periods: Periods = defaultdict(list)
    for account, partition in partitions.items():
        for field, value in zip(valued(fact.partition_by), mapped[partition], strict=True):
            periods[column_of(field), value or ""].append(account)
    return periods


def _mapped(
    spark: SparkSession, fact: Fact, source: Source, partitions: Sequence[Partition]
) -> dict[Partition, Partition]:
    types = {column.name: column.type for column in source.all_columns}
    names = [column_of(field) for field in valued(source.partition_by)]
    rows = [dict(zip(names, partition, strict=True)) for partition in partitions]
    texts = frame_of(spark, rows, ", ".join(f"`{name}` string" for name in names))
    typed = texts.select(*[F.col(name).cast(types[name]).alias(name) for name in names])
    return {mapped.source: mapped.fact for mapped in partitions_of(fact, typed)}
