"""The publish step: everything a run has written and audited becomes visible, or nothing does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from estrela.errors import LoadError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.definition import exists
from estrela.etl.releases.views import Views
from estrela.etl.run_key import is_run_branch, run_of
from estrela.frame import frame_of
from estrela.model.star import Star

if TYPE_CHECKING:
    from estrela.etl.loaders.lake import LakeLoader

ATTEMPTS = 3


@dataclass(frozen=True)
class Publish(ETLBase):
    """Fast-forward every table to the run's branch.

    ``steps`` are the transform and star steps of the same run: they do nothing where the run is up to date, and
    build anew what another run overtook. ``active_branches`` tells the branches of runs that are at work now; they
    are left alone, every other branch goes.
    """

    star: Star
    lake: LakeLoader
    run_key: str
    steps: Sequence[ETLBase]
    views: Views
    active_branches: Callable[[], set[str]]

    def run(self) -> Figures:
        """Publish; report the tables that changed. Raises LoadError if other runs keep winning."""
        ready = self._ready()
        changed = [table for table in ready if self._is_shown(table)]
        for table in ready:
            self.lake.drop_branch(table, self.lake.branch)
        dropped = self._drop_orphans()
        self.views.create(self.lake.tables.refined_database, self.star.marts)
        if changed:
            self._note(changed)
        return {"published": [table.path for table in changed], "orphan_branches": dropped}

    def _ready(self) -> list[LakeTable]:
        """Tables with a branch of this run, none of which another run has overtaken."""
        for _ in range(ATTEMPTS):
            for step in self.steps:
                step.run()
            mine = [table for table in self._tables() if self.lake.branch in self.lake.snapshots.refs(table)]
            if not any(self.lake.snapshots.is_stale(table) for table in mine):
                return mine
            for table in mine:
                self.lake.drop_branch(table, self.lake.branch)
        raise LoadError(self.star.name, f"{ATTEMPTS} other runs published while this one was at it; run it again")

    def _tables(self) -> list[LakeTable]:
        """Every table, in the order of publishing: a run that dies on the way is taken up by the next.

        The table of files comes last, since a file that stands there is not read again.
        """
        tables = self.lake.tables
        trusted = [tables.trusted(source) for source in self.star.sources]
        refined = [tables.refined(table) for table in self.star.tables]
        ordered = (*trusted, tables.rejects, *refined, tables.checks, tables.files)
        return [table for table in ordered if exists(self.lake.spark, table)]

    def _is_shown(self, table: LakeTable) -> bool:
        """Show the branch to readers; say whether that changed anything."""
        refs = self.lake.snapshots.refs(table)
        if refs.get("main") == refs[self.lake.branch]:
            return False
        self.lake.fast_forward(table)
        return True

    def _drop_orphans(self) -> int:
        """Drop the branches of runs that died."""
        kept = {*self.active_branches(), self.lake.branch}
        orphans = [
            (table, branch)
            for table in self._tables()
            for branch in self.lake.snapshots.refs(table)
            if is_run_branch(branch) and branch not in kept
        ]
        for table, branch in orphans:
            self.lake.drop_branch(table, branch)
        return len(orphans)

    def _note(self, changed: Sequence[LakeTable]) -> None:
        runs = self.lake.tables.runs
        self.lake.ensure(runs)
        tables = ", ".join(table.path for table in changed)
        row = {"run_key": run_of(self.run_key), "published_at": datetime.now(UTC), "tables": tables}
        self.lake.append_published(runs, frame_of(self.lake.spark, [row], runs.schema))
