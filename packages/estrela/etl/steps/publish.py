"""The publish step: publishes everything that a run has written and audited as the next release, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from estrela.errors import HeldBackError, LoadError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import LakeTable
from estrela.etl.releases.contents import Pin, pinned_tables, unpinned_tables, views_of
from estrela.etl.releases.release import Release
from estrela.etl.releases.switch import Switch
from estrela.etl.run_key import is_run_branch, run_of
from estrela.frame import frame_of
from estrela.model.star import Star

if TYPE_CHECKING:
    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.transformer import Transformer

ATTEMPTS = 3


@dataclass(frozen=True)
class Publish(ETLBase):
    """Commits the run's branches and switches readers to a release of the committed tables.

    ``transformers`` are the earlier steps of the same run, in order. They are called again and do nothing if the run is
    up to date; they recompute tables if another run has published in between. ``raw_versions`` reads the versions of
    the raw logs; ``world`` is the origin of the raw data. Branches of other runs that are no longer active are dropped.
    """

    star: Star
    lake: LakeLoader
    transformers: Sequence[Transformer]
    switch: Switch
    digests: Mapping[str, str]
    raw_versions: Callable[[], Mapping[str, int]]
    world: str = ""

    def run(self) -> Figures:
        """Publish; report the release and the changed tables.

        Raises LoadError if other runs published first at every attempt. Raises HeldBackError, after publishing
        everything else, if the data of some sources was refused.
        """
        with self.switch.claim.held():
            self.switch.settle()
            raw = self.raw_versions()
            ready, held_back = self._ready()
            for table in ready:
                self.lake.branches.publish(table)
            dropped = self._drop_orphans()
            manifests = self.switch.manifests
            # A source that is held back keeps its old version, so that the next daily run tries it again.
            old = manifests.watermark().get("raw", {})
            refused = [source.raw_name for source in self.star.sources if source.name in held_back]
            raw = {**raw, **{name: old.get(name, 0) for name in refused}}
            changed = self._publish(raw, held_back)
            current = manifests.current()
            release = current.number if current else 0
            manifests.advance(raw, self.digests, release)
        if held_back:
            raise HeldBackError(self.star.name, release, held_back)
        return {"release": release, "published": changed, "orphan_branches": dropped}

    def _publish(self, raw: Mapping[str, int], held_back: Mapping[str, str]) -> list[str]:
        """Switch readers to the committed tables; return the tables that changed for readers."""
        manifests = self.switch.manifests
        pointer, _ = manifests.pointer()
        latest = manifests.read(pointer.latest_id) if pointer else None
        # If the pointer was lost, the watermark continues the numbering, so that the table of runs keeps the rows of
        # old releases.
        newest = latest.number if latest else int(manifests.watermark().get("release", 0))
        candidate = self._candidate(newest + 1, pointer.release_id if pointer else 0, raw, held_back)
        # After a rollback the latest release is the withdrawn one. It is not published again unless something changed.
        if candidate.shows_the_same(latest):
            return []
        release = manifests.create(candidate)
        changed = release.changed_tables(manifests.current())
        tables = {table.path: table for table in pinned_tables(self.star)}
        for path in release.changed_tables(latest):
            self.lake.branches.tag(tables[path], release.snapshots[path], f"release_{release.number}")
        # Written before the switch: the view hides the row until the release has been current.
        self._record(release, newest, changed)
        self.switch.publish(release)
        self.switch.settle()
        return changed

    def _candidate(self, number: int, current: int, raw: Mapping[str, int], held_back: Mapping[str, str]) -> Release:
        """Return a release of the tables as committed now, which replaces the release ``current``."""
        for log in unpinned_tables(self.star):
            self.lake.ensure(log)
        pins = [self._pin(table) for table in pinned_tables(self.star)]
        return Release(
            number=number,
            star=self.star.name,
            run_key=run_of(self.switch.claim.run_key),
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            replaces=current,
            snapshots={pin.table.path: pin.snapshot for pin in pins if pin.snapshot},
            views=views_of(self.star, pins),
            raw=raw,
            digests=self.digests,
            held_back=held_back,
            world=self.world,
        )

    def _pin(self, table: LakeTable) -> Pin:
        snapshot = self.lake.snapshots.seen(table)
        return Pin(table, snapshot, self.lake.snapshots.stored(table, snapshot) if snapshot else ())

    def _ready(self) -> tuple[list[LakeTable], Mapping[str, str]]:
        """Return the tables that have a branch of this run, and the sources whose data was refused, with the reasons.

        If another run has changed a table since its branch was created, the steps are repeated. Raises LoadError if
        that happens three times.
        """
        for _ in range(ATTEMPTS):
            done = [transformer.transform() for transformer in self.transformers]
            held_back = {source: reason for transformed in done for source, reason in transformed.held_back.items()}
            tables = [table for table in self._tables() if self.lake.snapshots.head(table) is not None]
            if not any(self.lake.branches.is_stale(table) for table in tables):
                return self._changed(tables, held_back), held_back
            for table in tables:
                self.lake.branches.drop(table, self.lake.branch)
        raise LoadError(
            self.star.name, f"other runs published first at each of {ATTEMPTS} attempts; run this one again"
        )

    def _changed(self, tables: list[LakeTable], held_back: Mapping[str, str]) -> list[LakeTable]:
        """Return the tables without those whose branch equals the published rows; drop such branches.

        A source that is refused every day writes the same accounts and rejects each time.
        """
        repeated = (self.lake.tables.files, self.lake.tables.rejects) if held_back else ()
        same = [table for table in tables if table in repeated and self.lake.is_unchanged(table)]
        for table in same:
            self.lake.branches.drop(table, self.lake.branch)
        return [table for table in tables if table not in same]

    def _tables(self) -> list[LakeTable]:
        """Return all tables in the order of their commits. If a run dies in between, the next run commits the rest.

        The table of files is last, because a file listed in it is not read again.
        """
        tables = self.lake.tables
        trusted = [tables.trusted(source) for source in self.star.sources]
        refined = [tables.refined(table) for table in self.star.tables]
        ordered = (*trusted, tables.rejects, *refined, tables.checks, tables.completeness, tables.files)
        return [table for table in ordered if self.lake.catalog.has(table)]

    def _drop_orphans(self) -> int:
        """Drop the branches of runs that have died; return their number."""
        kept = {*self.switch.claim.active(), self.lake.branch}
        orphans = [
            (table, branch)
            for table in self._tables()
            for branch in self.lake.snapshots.refs(table)
            if is_run_branch(branch) and branch not in kept
        ]
        for table, branch in orphans:
            self.lake.branches.drop(table, branch)
        return len(orphans)

    def _record(self, release: Release, latest: int, changed: Sequence[str]) -> None:
        """Write the release's row into the table of runs; it replaces rows of releases that never became current."""
        from pyspark.sql import functions as F

        runs = self.lake.tables.runs
        row = {
            "release_id": release.number,
            "replaces": release.replaces,
            "run_key": release.run_key,
            "published_at": datetime.fromisoformat(release.published_at),
            "tables": ", ".join(changed),
            "held_back": ", ".join(sorted(release.held_back)),
        }
        rows = frame_of(self.lake.spark, [row], runs.schema)
        self.lake.overwrite_published(runs, rows, F.col("release_id") > latest)
