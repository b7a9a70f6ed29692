"""The build of one dimension or fact: its inputs, the part that is due, and whether the build changes the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.quality.audit import CheckResult, audit
from estrela.etl.steps.increment import Part, is_local, part_of
from estrela.etl.steps.inputs import Inputs, inputs_of
from estrela.etl.transformers.fact_partitions import guarded
from estrela.etl.transformers.refined import dimension_rows, fact_rows, own_checks
from estrela.model.check import Check
from estrela.model.table import SESSION, UNKNOWN_KEY, Dimension, Fact, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PACKED = 5
"""Approximate bytes of source text per byte of a table's files, used to tune Spark."""


@dataclass(frozen=True)
class TableBuild:
    """A table, or the ``part`` of a fact, to be recomputed on the run's branch from ``inputs``.

    ``begun``: the branch exists already, because an earlier attempt of the run found that the table changed. ``size``
    is the approximate input in bytes of text.
    """

    table: Table
    lake: LakeLoader
    inputs: Inputs
    part: Part | None
    begun: bool
    size: int

    def run(self) -> bool:
        """Build and audit; return whether the rows changed. Raises QualityError if a check fails."""
        target, nothing = self.lake.tables.refined(self.table), self.part is not None and not self.part.partitions
        report = None
        if not nothing:
            self._write()
            report = self._report_of_changed()
        if report is None:
            self.lake.notes.note_inputs(target, self.inputs.as_text())
            return False
        self.lake.notes.mark_audited(target, report)
        return True

    def _write(self) -> None:
        """Write the rows to the run's branch."""
        rows, part = self._rows(), self.part
        if part and isinstance(self.table, Fact):
            rows = guarded(self.table, rows, part.rows)
        replaced, target = part.rows if part else None, self.lake.tables.refined(self.table)
        self.lake.overwrite(target, rows, replaced, inputs=self.inputs.as_text())

    def _report_of_changed(self) -> str | None:
        """Return the results of the checks, or drop the branch and return None if its rows equal the committed rows.

        Checks and comparison run concurrently: for a small part, planning takes about as long as computing.
        """
        if self.begun:
            return self._report()
        target = self.lake.tables.refined(self.table)
        with ThreadPoolExecutor(1) as pool:
            report = pool.submit(self._report)
            unchanged = self.lake.is_unchanged(target, self.part.rows if self.part else None)
        if not unchanged:
            return report.result()
        self.lake.branches.drop(target, self.lake.branch)
        return None

    def _report(self) -> str:
        """Check the branch; return the results for the whole table. Raises QualityError if a check fails."""
        target, part = self.lake.tables.refined(self.table), self.part
        whole = list(_whole_checks(self.table, part))
        local = [check for check in own_checks(self.table) if check not in whole]
        members = F.col(self.table.key) != UNKNOWN_KEY if isinstance(self.table, Dimension) else F.lit(True)
        results = audit(self.lake, target, whole, members) if whole else []
        if part and local:
            results += audit(self.lake, target, local, part.rows, part.source_rows)
        rows = self.lake.snapshots.rows(target) if part else None
        return json.dumps([_row(self.table.name, result, rows) for result in results])

    def _rows(self) -> DataFrame:
        """Compute the rows of the table, or of the part of the fact."""
        table, tables, read = self.table, self.lake.tables, self.lake.read
        sources = {source.name: read(tables.trusted(source)) for source in table.sources}
        if isinstance(table, Dimension):
            return dimension_rows(table, sources or {SESSION: self.lake.spark})
        if self.part:
            sources[self.part.source.name] = sources[self.part.source.name].where(self.part.source_rows)
        members = {lookup.dimension.name: read(tables.refined(lookup.dimension)) for lookup in table.lookups}
        return fact_rows(table, sources, members)


def due_build(table: Table, lake: LakeLoader, code: str, full_refresh: bool) -> TableBuild | None:
    """Return the build of ``table`` with the code digest ``code``, or None if none of its inputs changed."""
    target, snapshots = lake.tables.refined(table), lake.snapshots
    lake.ensure(target)
    if not lake.notes.is_audited(target):
        lake.branches.drop(target, lake.branch)
    begun = snapshots.head(target) is not None
    inputs, built = current_inputs(table, lake, code), inputs_of(lake.notes.inputs(target))
    refreshed = full_refresh and not begun
    if built == inputs and not refreshed:
        lake.notes.keep_inputs(target, inputs.as_text())
        return None
    part = part_of(table, lake, built, inputs) if isinstance(table, Fact) and built and not refreshed else None
    return TableBuild(table, lake, inputs, part, begun, PACKED * _bytes_read(table, lake, part))


def current_inputs(table: Table, lake: LakeLoader, code: str) -> Inputs:
    """Return the inputs that determine the content of ``table``: the code, and the snapshots it is computed from."""
    tables, seen = lake.tables, lake.snapshots.seen
    dimensions = [lookup.dimension for lookup in table.lookups] if isinstance(table, Fact) else []
    return Inputs(
        code,
        {source.name: seen(tables.trusted(source)) for source in table.sources},
        {dimension.name: seen(tables.refined(dimension)) for dimension in dimensions},
    )


def searched(table: Table, lake: LakeLoader) -> int:
    """Return the bytes to read before the build is known: if a dimension changed, the fact is searched for affected
    rows.
    """
    if not isinstance(table, Fact) or table.increment is None:
        return 0
    target, seen = lake.tables.refined(table), lake.snapshots.seen
    built = inputs_of(lake.notes.inputs(target)) if seen(target) else None
    members = {lookup.dimension.name: seen(lake.tables.refined(lookup.dimension)) for lookup in table.lookups}
    return PACKED * lake.snapshots.size(target) if built and built.dimensions != members else 0


def _bytes_read(table: Table, lake: LakeLoader, part: Part | None) -> int:
    """Return the size in bytes of the files that a build reads."""
    tables, size = lake.tables, lake.snapshots.size
    whole = [source for source in table.sources if part is None or source != part.source]
    total = sum(size(tables.trusted(source)) for source in whole) + (part.size if part else 0)
    if isinstance(table, Fact):
        total += sum(size(tables.refined(lookup.dimension)) for lookup in table.lookups)
    if part and any(_whole_checks(table, part)):
        total += size(tables.refined(table))
    return total


def _whole_checks(table: Table, part: Part | None) -> Iterator[Check]:
    """Yield the checks that must read the whole table."""
    for check in own_checks(table):
        if not (part and isinstance(table, Fact) and is_local(check, table.partition_by, part.source)):
            yield check


def _row(table: str, result: CheckResult, rows: int | None) -> dict[str, str | int]:
    """Return a row of the table of checks. ``rows`` is the row count of the table if only a part of it was read."""
    return {
        "table_name": table,
        "check_name": result.check,
        "column_name": result.column,
        "rows_checked": result.rows_checked if rows is None else rows,
        "rows_failed": result.rows_failed,
    }
