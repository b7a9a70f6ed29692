"""The star step: builds each dimension and fact whose inputs changed on the run's branch, and audits it there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.steps.completeness import record_completeness
from estrela.etl.steps.table_build import TableBuild, due_build, searched
from estrela.etl.transformer import Transformed, Transformer
from estrela.etl.tuning import tier_of, tuned
from estrela.frame import frame_of
from estrela.model.star import Star
from estrela.model.table import Table

BUILDERS = 2
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class BuildStar(Transformer):
    """Updates the refined tables from the trusted tables, on the run's branch.

    ``code`` maps each table to the digest of the code that builds it.
    """

    star: Star
    lake: LakeLoader
    code: Mapping[str, str]
    full_refresh: bool = False

    def transform(self) -> Transformed:
        """Build tables whose inputs changed; report built and unchanged ones. Raises QualityError if a check fails."""
        for source in self.star.sources:
            self.lake.ensure(self.lake.tables.trusted(source))
        built = {*self._build_all(self.star.dimensions), *self._build_all(self.star.facts)}
        with tuned(self.lake.spark, 0):
            self._record()
            record_completeness(self.star, self.lake)
        names = [table.name for table in self.star.tables]
        changed = [name for name in names if name in built]
        return Transformed({"built": changed, "unchanged": [name for name in names if name not in built]})

    def _build_all(self, tables: Sequence[Table]) -> list[str]:
        """Build tables that do not depend on each other; return the names of those that changed.

        Spark's settings apply to all threads of a session, so tables are built in groups of similar input size, small
        ones first.
        """
        to_search = max((searched(table, self.lake) for table in tables), default=0)
        candidates = self._each(self._due, tables, to_search)
        due = [build for build in candidates if build]
        built = []
        for size in sorted({tier_of(build.size) for build in due}):
            builds = [build for build in due if tier_of(build.size) == size]
            changed = self._each(TableBuild.run, builds, size)
            built += [build.table.name for build, is_changed in zip(builds, changed, strict=True) if is_changed]
        return built

    def _due(self, table: Table) -> TableBuild | None:
        return due_build(table, self.lake, self.code[table.name], self.full_refresh)

    def _each(self, do: Callable[[Item], Result], items: Sequence[Item], size: int) -> list[Result]:
        """Apply ``do`` to all ``items``, with Spark's plans tuned for ``size`` bytes of input; return the results."""
        # Planning a table uses one core of the driver. A second table at the same time uses the other core and the
        # cluster.
        with tuned(self.lake.spark, size), ThreadPoolExecutor(BUILDERS) as pool:
            return list(pool.map(do, items))

    def _record(self) -> None:
        """Merge the check results of the tables that this run audited into the table of checks.

        The results are read from the tables' properties, so they are recorded even if an earlier attempt died before
        this.
        """
        reports = {
            table.name: self.lake.notes.audit_report(self.lake.tables.refined(table)) for table in self.star.tables
        }
        audited = [name for name, report in reports.items() if report]
        if not audited:
            return
        checks = self.lake.tables.checks
        self.lake.ensure(checks)
        self.lake.branches.begin(checks)
        recorded = [row.asDict() for row in self.lake.read(checks).collect()]
        audit_rows = [row for name in audited for row in json.loads(reports[name])]
        rows = [*audit_rows, *[row for row in recorded if row["table_name"] not in audited]]
        if sorted(rows, key=_check_of) != sorted(recorded, key=_check_of):
            self.lake.overwrite(checks, frame_of(self.lake.spark, rows, checks.schema))


def _check_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sort key of a row: table, check and column."""
    return (row["table_name"], row["check_name"], row["column_name"])
