"""The part of a fact that a run recomputes: the partitions that a changed input affects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.partitions import BYTES, Partitions
from estrela.etl.partition_filter import partition_filter
from estrela.etl.steps.inputs import Inputs
from estrela.etl.transformers.fact_partitions import moved_partitions, partitions_of
from estrela.model.check import Between, Check, Expression, NotNull, OneOf, Reconcile, Unique
from estrela.model.increment import ByPartition
from estrela.model.partition import Partition, PartitionField, column_of, valued
from estrela.model.source import Source
from estrela.model.table import Fact, Lookup

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class Part:
    """Conditions that select the rows of a fact to replace, and the rows of ``source`` to compute them from.

    ``size`` is the size in bytes of the files with these rows of the source.
    """

    source: Source
    rows: Column
    source_rows: Column
    partitions: int
    size: int


def part_of(fact: Fact, lake: LakeLoader, built: Inputs, now: Inputs) -> Part | None:
    """Return the part of ``fact`` that changed since it was ``built``, or None if the whole fact must be recomputed.

    The whole fact is recomputed if it declares no increment, if its code changed, if a source that is read whole
    changed, or if a required snapshot no longer exists.
    """
    if fact.increment is None or built.code != now.code or not _are_same(fact, lake, built, now):
        return None
    reached = _reached(fact, fact.increment, lake, built, now)
    if reached is None:
        return None
    source = fact.increment.source
    trusted = lake.tables.trusted(source)
    existing = Partitions(trusted, lake.snapshots).existing(now.sources[source.name])
    origin = [mapped for mapped in partitions_of(fact, existing, BYTES) if mapped.fact in reached]
    rows = partition_filter(lake.tables.refined(fact), reached)
    source_rows = partition_filter(trusted, {mapped.source for mapped in origin})
    return Part(source, rows, source_rows, len(reached), sum(mapped.size for mapped in origin))


def is_local(check: Check, partition_by: Sequence[PartitionField], source: Source | None = None) -> bool:
    """Return whether ``check`` passes for a table if it passes for each of its partitions.

    ``source`` is the source of the partitions: sums over corresponding parts of both can be reconciled.
    """
    match check:
        case Unique(columns):
            fields = valued(partition_by)
            return bool(fields) and {column_of(field) for field in fields} <= set(columns)
        case Reconcile(source=reconciled):
            return reconciled == source
        case NotNull() | OneOf() | Between() | Expression():
            return True


def _are_same(fact: Fact, lake: LakeLoader, built: Inputs, now: Inputs) -> bool:
    """Return whether the sources that are read whole have the same rows as when the fact was built."""
    assert fact.increment is not None
    whole = [source for source in fact.sources if source != fact.increment.source]
    between = lake.snapshots.commits_between
    return all(
        between(lake.tables.trusted(source), built.sources.get(source.name, -1), now.sources[source.name]) == []
        for source in whole
    )


def _reached(fact: Fact, increment: ByPartition, lake: LakeLoader, built: Inputs, now: Inputs) -> set[Partition] | None:
    """Return the partitions of the fact that a changed partition or member affects, or None if that is unknown."""
    source = increment.source
    trusted = Partitions(lake.tables.trusted(source), lake.snapshots)
    changed = trusted.changed(built.sources.get(source.name, -1), now.sources[source.name])
    if changed is None:
        return None
    reached = {mapped.fact for mapped in partitions_of(fact, changed)}
    for lookup in fact.lookups:
        name = lookup.dimension.name
        if built.dimensions.get(name) != now.dimensions[name]:
            moved = _moved(fact, lookup, lake, built.dimensions.get(name, 0))
            if moved is None:
                return None
            reached |= moved
    return reached


def _moved(fact: Fact, lookup: Lookup, lake: LakeLoader, snapshot: int) -> set[Partition] | None:
    dimension = lake.tables.refined(lookup.dimension)
    if not lake.snapshots.is_kept(dimension, snapshot):
        return None
    rows = lake.read(lake.tables.refined(fact))
    return moved_partitions(fact, lookup, rows, (lake.read_at(dimension, snapshot), lake.read(dimension)))
