"""The star step: every dimension and fact whose inputs changed is built on the run's branch and audited there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.quality.audit import CheckResult, audit
from estrela.etl.steps.increment import Part, is_local, part_of
from estrela.etl.steps.inputs import Inputs, inputs_of
from estrela.etl.transformer import Transformed, Transformer
from estrela.etl.transformers.fact_partitions import guarded
from estrela.etl.transformers.refined import dimension_rows, fact_rows, own_checks
from estrela.etl.tuning import tuned
from estrela.frame import frame_of
from estrela.model.star import Star
from estrela.model.table import SESSION, UNKNOWN_KEY, Dimension, Fact, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


BUILDERS = 2
PACKED = 5
"""A byte of a trusted table stands for about so many of the text that it was made of."""


@dataclass(frozen=True)
class BuildStar(Transformer):
    """Bring the refined tables, on the run's branch, in line with the trusted ones.

    ``code`` maps each table to the digest of the code that builds it.
    """

    star: Star
    lake: LakeLoader
    code: Mapping[str, str]
    full_refresh: bool = False

    def transform(self) -> Transformed:
        """Build what changed; report the tables. Raises QualityError if a check fails."""
        trusted = [self.lake.tables.trusted(source) for source in self.star.sources]
        for table in trusted:
            self.lake.ensure(table)
        with tuned(self.lake.spark, PACKED * sum(self.lake.snapshots.size(table) for table in trusted)):
            built = [*self._build_all(self.star.dimensions), *self._build_all(self.star.facts)]
            self._record()
        unchanged = [table.name for table in self.star.tables if table.name not in built]
        return Transformed({"built": built, "unchanged": unchanged})

    def _build_all(self, tables: Sequence[Table]) -> list[str]:
        """Build tables that do not need each other; the names of those that changed."""
        # Planning keeps one core of the driver busy; two tables at a time use the other one, and the cluster, too.
        with ThreadPoolExecutor(BUILDERS) as pool:
            return [table.name for table, built in zip(tables, pool.map(self._build, tables), strict=True) if built]

    def inputs(self, table: Table) -> Inputs:
        """Return what decides the content of ``table``: the code, and the snapshots of all that it is computed from."""
        tables, seen = self.lake.tables, self.lake.snapshots.seen
        dimensions = [lookup.dimension for lookup in table.lookups] if isinstance(table, Fact) else []
        return Inputs(
            self.code[table.name],
            {source.name: seen(tables.trusted(source)) for source in table.sources},
            {dimension.name: seen(tables.refined(dimension)) for dimension in dimensions},
        )

    def _build(self, table: Table) -> bool:
        """Build and audit what changed of the table; return whether its rows changed."""
        target, snapshots = self.lake.tables.refined(table), self.lake.snapshots
        self.lake.ensure(target)
        if not snapshots.is_audited(target):
            self.lake.drop_branch(target, self.lake.branch)
        begun = snapshots.head(target) is not None
        inputs, built = self.inputs(table), inputs_of(snapshots.inputs(target))
        refreshed = self.full_refresh and not begun
        if built == inputs and not refreshed:
            self.lake.keep_inputs(target, inputs.as_text())
            return False
        part = part_of(table, self.lake, built, inputs) if isinstance(table, Fact) and built and not refreshed else None
        if part is None or part.partitions:
            self._write(table, part, inputs)
        if (part and not part.partitions) or (not begun and self._is_unchanged(target, part)):
            self.lake.note_inputs(target, inputs.as_text())
            return False
        self.lake.mark_audited(target, self._report(table, part))
        return True

    def _write(self, table: Table, part: Part | None, inputs: Inputs) -> None:
        """Write the table, or the part of the fact, on the run's branch."""
        rows = self._rows(table, part)
        if part and isinstance(table, Fact):
            rows = guarded(table, rows, part.rows)
        replaced = part.rows if part else None
        self.lake.overwrite(self.lake.tables.refined(table), rows, replaced, inputs=inputs.as_text())

    def _is_unchanged(self, target: LakeTable, part: Part | None) -> bool:
        """Whether the run's branch holds the committed rows; the branch is dropped then."""
        unchanged = self.lake.is_unchanged(target, part.rows if part else None)
        if unchanged:
            self.lake.drop_branch(target, self.lake.branch)
        return unchanged

    def _report(self, table: Table, part: Part | None) -> str:
        """Check what was written; return the results for the whole table. Raises QualityError if a check fails."""
        target, checks = self.lake.tables.refined(table), own_checks(table)
        local = [check for check in checks if part and isinstance(table, Fact) and is_local(check, table, part)]
        whole = [check for check in checks if check not in local]
        members = F.col(table.key) != UNKNOWN_KEY if isinstance(table, Dimension) else F.lit(True)
        results = audit(self.lake, target, whole, members) if whole else []
        if part and local:
            results += audit(self.lake, target, local, part.rows, part.source_rows)
        rows = self.lake.snapshots.rows(target) if part else None
        return json.dumps([_row(table.name, result, rows) for result in results])

    def _rows(self, table: Table, part: Part | None) -> DataFrame:
        """Return the rows of the table, or of the part of the fact."""
        sources = {source.name: self.lake.read(self.lake.tables.trusted(source)) for source in table.sources}
        if isinstance(table, Dimension):
            return dimension_rows(table, sources or {SESSION: self.lake.spark})
        if part:
            sources[part.source.name] = sources[part.source.name].where(part.source_rows)
        dimensions = [lookup.dimension for lookup in table.lookups]
        members = {one.name: self.lake.read(self.lake.tables.refined(one)) for one in dimensions}
        return fact_rows(table, sources, members)

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


def _row(table: str, result: CheckResult, rows: int | None) -> dict[str, str | int]:
    """A row of the table of checks; ``rows`` are those of the table where only a part of it was read."""
    return {
        "table_name": table,
        "check_name": result.check,
        "column_name": result.column,
        "rows_checked": result.rows_checked if rows is None else rows,
        "rows_failed": result.rows_failed,
    }


def _check_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Which check of which table the row tells of."""
    return (row["table_name"], row["check_name"], row["column_name"])
