"""The star step: every dimension and fact whose inputs changed is built on the run's branch and audited there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estrela.etl.base import ETLBase, Figures
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.quality.audit import CheckResult, audit
from estrela.etl.transformers.refined import dimension_rows, fact_rows, own_checks
from estrela.etl.tuning import tuned
from estrela.frame import frame_of
from estrela.model.source import Source
from estrela.model.star import Star
from estrela.model.table import UNKNOWN_KEY, Dimension, Fact, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


BUILDERS = 2
PACKED = 5
"""A byte of a trusted table stands for about so many of the text that it was made of."""


@dataclass(frozen=True)
class BuildStar(ETLBase):
    """Bring the refined tables, on the run's branch, in line with the trusted ones.

    ``code`` maps each table to the digest of the code that builds it.
    """

    star: Star
    lake: LakeLoader
    code: Mapping[str, str]
    full_refresh: bool = False

    def run(self) -> Figures:
        """Build what changed; report the tables. Raises QualityError if a check fails."""
        trusted = [self.lake.tables.trusted(source) for source in self.star.sources]
        for table in trusted:
            self.lake.ensure(table)
        with tuned(self.lake.spark, PACKED * sum(self.lake.snapshots.size(table) for table in trusted)):
            built = [*self._build_all(self.star.dimensions), *self._build_all(self.star.facts)]
            self._record()
        return {"built": built, "unchanged": [table.name for table in self.star.tables if table.name not in built]}

    def _build_all(self, tables: Sequence[Table]) -> list[str]:
        """Build tables that do not need each other; the names of those that changed."""
        # Planning keeps one core of the driver busy; two tables at a time use the other one, and the cluster, too.
        with ThreadPoolExecutor(BUILDERS) as pool:
            return [table.name for table, built in zip(tables, pool.map(self._build, tables), strict=True) if built]

    def inputs(self, table: Table) -> str:
        """What decides the content of ``table``: its code, and the snapshots of everything that it is made of."""
        sources: set[Source] = set(table.sources)
        if isinstance(table, Fact):
            sources |= {source for lookup in table.lookups for source in lookup.dimension.sources}
        snapshots = {source.name: self.lake.snapshots.seen(self.lake.tables.trusted(source)) for source in sources}
        return hashlib.sha256(json.dumps([self.code[table.name], sorted(snapshots.items())]).encode()).hexdigest()

    def _build(self, table: Table) -> bool:
        """Build and audit the table; say whether it changed."""
        target = self.lake.tables.refined(table)
        self.lake.ensure(target)
        inputs = self.inputs(table)
        own = self.lake.snapshots.audited_inputs(target)
        if inputs == own or (not own and not self.full_refresh and inputs in self.lake.snapshots.inputs(target)):
            return False
        self.lake.overwrite(target, self._rows(table), inputs=inputs)
        if self.lake.is_unchanged(target):
            self.lake.drop_branch(target, self.lake.branch)
            self.lake.set_properties(target, inputs=inputs)
            return False
        members = f"{table.key} <> {UNKNOWN_KEY}" if isinstance(table, Dimension) else "true"
        results = audit(self.lake, target, own_checks(table), members)
        self.lake.mark_audited(target, json.dumps([_row(table.name, one) for one in results]))
        return True

    def _rows(self, table: Table) -> DataFrame:
        sources = {source.name: self.lake.read(self.lake.tables.trusted(source)) for source in table.sources}
        if isinstance(table, Dimension):
            return dimension_rows(table, sources)
        dimensions = {
            one.dimension.name: self.lake.read(self.lake.tables.refined(one.dimension)) for one in table.lookups
        }
        return fact_rows(table, sources, dimensions)

    def _record(self) -> None:
        """Keep the results of the checks of what this run audited beside those of the other tables.

        They come from the tables, so that a run which died before this line records them all the same.
        """
        reports = {
            table.name: self.lake.snapshots.audit_report(self.lake.tables.refined(table)) for table in self.star.tables
        }
        audited = [name for name, report in reports.items() if report]
        if not audited:
            return
        checks = self.lake.tables.checks
        self.lake.ensure(checks)
        self.lake.begin(checks)
        recorded = [row.asDict() for row in self.lake.read(checks).collect()]
        found = [row for name in audited for row in json.loads(reports[name])]
        rows = [*found, *[row for row in recorded if row["table_name"] not in audited]]
        if sorted(rows, key=_check_of) != sorted(recorded, key=_check_of):
            self.lake.overwrite(checks, frame_of(self.lake.spark, rows, checks.schema))


def _row(table: str, one: CheckResult) -> dict[str, str | int]:
    """A row of the table of checks."""
    return {
        "table_name": table,
        "check_name": one.check,
        "column_name": one.column,
        "rows_checked": one.rows_checked,
        "rows_failed": one.rows_failed,
    }


def _check_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Which check of which table the row tells of."""
    return (row["table_name"], row["check_name"], row["column_name"])
