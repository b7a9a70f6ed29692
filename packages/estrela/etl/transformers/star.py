"""The star step: every dimension and fact whose inputs changed is built on the run's branch and audited there."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.base import ETLBase, Figures
from estrela.etl.lake_table import CHECKS, refined_table, trusted_table
from estrela.etl.loaders.lake import Lake
from estrela.etl.quality.audit import CheckResult, audit
from estrela.etl.transformers.refined import dimension_rows, fact_rows, own_checks
from estrela.etl.tuning import tuned
from estrela.model.source import Source
from estrela.model.star import Star
from estrela.model.table import UNKNOWN_KEY, Dimension, Fact, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class BuildStar(ETLBase):
    """Bring the refined tables, on the run's branch, in line with the trusted ones."""

    star: Star
    lake: Lake
    code: str
    full_refresh: bool = False

    def run(self) -> Figures:
        """Build what changed; report the tables. Raises QualityError if a check fails."""
        trusted = [trusted_table(source) for source in self.star.sources]
        for table in trusted:
            self.lake.ensure(table)
        with tuned(self.lake.spark, sum(self.lake.size(table) for table in trusted)):
            built = {table.name: self._build(table) for table in self.star.tables}
            changed = {name: results for name, results in built.items() if results is not None}
            if changed:
                self._record(changed)
        return {"built": sorted(changed), "unchanged": sorted(built.keys() - changed.keys())}

    def inputs(self, table: Table) -> str:
        """What decides the content of ``table``: the code, and the snapshots of everything that it is made of."""
        sources: set[Source] = set(table.sources)
        if isinstance(table, Fact):
            sources |= {source for lookup in table.lookups for source in lookup.dimension.sources}
        snapshots = {source.name: self.lake.snapshot(trusted_table(source)) for source in sources}
        return hashlib.sha256(json.dumps([self.code, sorted(snapshots.items())]).encode()).hexdigest()

    def _build(self, table: Table) -> list[CheckResult] | None:
        """The results of the table's checks; None if nothing changed."""
        target = refined_table(table)
        self.lake.ensure(target)
        inputs = self.inputs(table)
        own = self.lake.audited_inputs(target)
        if inputs == own or (not own and not self.full_refresh and inputs in self.lake.inputs(target)):
            return None
        self.lake.overwrite(target, self._rows(table), inputs=inputs)
        if self.lake.is_unchanged(target):
            self.lake.drop_branch(target, self.lake.branch)
            self.lake.set_properties(target, inputs=inputs)
            return None
        members = f"{table.key} <> {UNKNOWN_KEY}" if isinstance(table, Dimension) else "true"
        results = audit(self.lake, target, own_checks(table), members)
        self.lake.mark_audited(target)
        return results

    def _rows(self, table: Table) -> DataFrame:
        sources = {source.name: self.lake.read(trusted_table(source)) for source in table.sources}
        if isinstance(table, Dimension):
            return dimension_rows(table, sources)
        dimensions = {one.dimension.name: self.lake.read(refined_table(one.dimension)) for one in table.lookups}
        return fact_rows(table, sources, dimensions)

    def _record(self, changed: dict[str, list[CheckResult]]) -> None:
        """Keep the results of the checks of what changed beside those of the other tables."""
        self.lake.ensure(CHECKS)
        rows = [
            (name, one.check, one.column, one.rows_checked, one.rows_failed)
            for name, results in changed.items()
            for one in results
        ]
        spark = self.lake.spark
        self.lake.begin(CHECKS)
        kept = self.lake.read(CHECKS).where(~F.col("table_name").isin(*changed)).collect()
        frame = spark.createDataFrame([*rows, *[tuple(row) for row in kept]], CHECKS.schema)
        self.lake.overwrite(CHECKS, frame)


def code_digest() -> str:
    """A hash of all code and data of this package: another version may build other tables."""
    digest = hashlib.sha256()
    for name, content in sorted(_contents(importlib.resources.files("estrela"), "")):
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()


def _contents(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found += _contents(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".py", ".csv")):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
