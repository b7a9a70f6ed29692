"""The maintain step: removes data that neither readers nor releases need, and merges small files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import LakeTable
from estrela.etl.maintenance.raw_maintenance import RawMaintenance
from estrela.etl.maintenance.table_maintenance import TableMaintenance
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.switch import Switch
from estrela.etl.run_key import run_of
from estrela.etl.steps.inputs import inputs_of
from estrela.frame import frame_of
from estrela.hooks.glue_runs import LONGEST_RUN
from estrela.model.star import Star

if TYPE_CHECKING:
    from estrela.etl.loaders.lake import LakeLoader

KEPT_RELEASES = 10
"""Releases that can be shown again, counted back from the newest one."""
SNAPSHOT_AGE = timedelta(days=1)
REPORTED = ("tags_dropped", "snapshots_expired", "files_compacted", "orphans_removed", "answers_retired")


@dataclass(frozen=True)
class Maintain(ETLBase):
    """Maintains the tables of a star and its raw layer, one after the other; ``is_dry_run`` only counts.

    Snapshots that belong to no release are kept for ``age``, for queries that read the tables directly.
    """

    star: Star
    lake: LakeLoader
    switch: Switch
    raw: Sequence[RawMaintenance] = ()
    is_dry_run: bool = False
    age: timedelta = SNAPSHOT_AGE

    def run(self) -> Figures:
        """Maintain; report sums over all tables. ``<star>_ops.maintenance`` has the figures per table."""
        with self.switch.claim.held():
            self.switch.settle()
            at = datetime.now(UTC)
            kept = kept_snapshots(self.switch.manifests)
            needed = needed_snapshots(self.star, self.lake)
            done = {
                table.path: self._maintenance(table, kept, needed.get(table.path, set()), at).run()
                for table in self._tables()
            }
            done |= {f"raw/{maintenance.name}": self._raw_figures(maintenance, at) for maintenance in self.raw}
            run = {"run_key": run_of(self.switch.claim.run_key), "maintained_at": at, "is_dry_run": self.is_dry_run}
            log = self.lake.tables.maintenance
            counts = {column.name: 0 for column in log.columns if column.type == "bigint"}
            rows = [{**run, "table_name": name, **counts, **figures} for name, figures in done.items()]
            self.lake.ensure(log)
            self.lake.append_published(log, frame_of(self.lake.spark, rows, log.schema))
        return {
            "tables": len(rows),
            **{name: sum(figures.get(name, 0) for figures in done.values()) for name in REPORTED},
        }

    def _raw_figures(self, maintenance: RawMaintenance, at: datetime) -> Mapping[str, int]:
        files, names = self.lake.tables.files, [source.name for source in maintenance.sources]
        taken_in: set[str] = set()
        if self.lake.seen(files):
            rows = self.lake.read_published(files).where(F.col("source").isin(names)).select("source_file")
            taken_in = {row[0] for row in rows.distinct().collect()}
        return asdict(maintenance.run(taken_in, at, at - LONGEST_RUN))

    def _maintenance(self, table: LakeTable, kept: Set[int], needed: Iterable[int], at: datetime) -> TableMaintenance:
        known = [self.lake.snapshots.committed_at(table, snapshot) for snapshot in needed]
        before = min([at - self.age, *[moment for moment in known if moment]])
        return TableMaintenance(self.lake, table, kept, before, at - LONGEST_RUN, self.is_dry_run)

    def _tables(self) -> list[LakeTable]:
        tables = self.lake.tables
        declared = (
            *map(tables.trusted, self.star.sources),
            *map(tables.refined, self.star.tables),
            tables.files,
            tables.rejects,
            tables.checks,
            tables.completeness,
            tables.runs,
            tables.maintenance,
        )
        return [table for table in declared if self.lake.seen(table)]


def kept_snapshots(manifests: Manifests) -> set[int]:
    """Return the snapshots of the releases that can be shown again: the current one, and the newest ten.

    These are the ten of the highest numbers, those included that were rolled back, and the ten that the newest one
    replaced one after the other: the numbers of publishes that died do not count there.
    """
    pointer, _ = manifests.pointer()
    if pointer is None:
        return set()
    newest = range(max(1, pointer.latest_id - KEPT_RELEASES + 1), pointer.latest_id + 1)
    numbers = {pointer.release_id, *newest, *islice(_replaced(manifests, pointer.latest_id), KEPT_RELEASES)}
    return {snapshot for number in numbers for snapshot in manifests.read(number).snapshots.values()}


def _replaced(manifests: Manifests, number: int) -> Iterator[int]:
    """Yield ``number``, the release that it replaced, and so on to the first one."""
    while number:
        yield number
        number = manifests.read(number).replaces


def needed_snapshots(star: Star, lake: LakeLoader) -> Mapping[str, Set[int]]:
    """Return the snapshots that the facts were built from, by table.

    The next incremental build of a fact reads the changes since these snapshots, so they and all later ones must be
    kept.
    """
    needed: dict[str, set[int]] = defaultdict(set)
    for fact in star.facts:
        target = lake.tables.refined(fact)
        built = inputs_of(lake.notes.inputs(target)) if fact.increment and lake.seen(target) else None
        if built is None:
            continue
        for source in fact.sources:
            needed[lake.tables.trusted(source).path].add(built.sources.get(source.name, 0))
        for lookup in fact.lookups:
            name = lookup.dimension.name
            needed[lake.tables.refined(lookup.dimension).path].add(built.dimensions.get(name, 0))
    return needed
