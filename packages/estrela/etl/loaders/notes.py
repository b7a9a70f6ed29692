"""Notes of a table: the inputs that its rows were computed from, and the findings of the audit."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.snapshots import COMPACTION, Snapshots
from estrela.etl.sql import quoted


@dataclass(frozen=True)
class Notes:
    """Notes as properties of a table or of its commits, as the run of ``snapshots`` sees them."""

    snapshots: Snapshots

    def inputs(self, table: LakeTable) -> str:
        """Return the noted inputs of the rows that this run sees; "" if unknown."""
        iceberg, at = self.snapshots.catalog.read(table), self.snapshots.seen(table)
        noted = iceberg.properties()
        while at:
            snapshot = iceberg.snapshot(at)
            if snapshot is None:
                return ""
            if str(at) == str(noted.getOrDefault("estrela.inputs_of", "")):
                return str(noted.getOrDefault("estrela.inputs", ""))
            if snapshot.operation() != COMPACTION:
                return str(snapshot.summary().getOrDefault("estrela.inputs", ""))
            at = int(snapshot.parentId() or 0)
        return ""

    def is_compacted(self, table: LakeTable) -> bool:
        """Return whether the newest commit that this run sees is a compaction with which no inputs are noted."""
        iceberg, seen = self.snapshots.catalog.read(table), self.snapshots.seen(table)
        noted = str(iceberg.properties().getOrDefault("estrela.inputs_of", ""))
        return bool(seen) and noted != str(seen) and str(iceberg.snapshot(seen).operation()) == COMPACTION

    def is_audited(self, table: LakeTable) -> bool:
        """Return whether the newest commit on the run's branch passed the audit; true without a branch."""
        return self.snapshots.head(table) is None or self._audited_head(table) is not None

    def audit_report(self, table: LakeTable) -> str:
        """Findings of the audit in the run's branch; "" if nothing was noted."""
        properties = self.snapshots.catalog.read(table).properties()
        return "" if self._audited_head(table) is None else str(properties.getOrDefault("estrela.audit_report", ""))

    def mark_audited(self, table: LakeTable, report: str) -> None:
        """Note that the run's branch, in its present state, passed the audit, and what the audit found."""
        self._set(table, audited=str(self.snapshots.head(table)), audit_report=report)

    def note_inputs(self, table: LakeTable, inputs: str) -> None:
        """Note that the rows which this run sees are what ``inputs`` give, as if they were committed with them."""
        self._set(table, inputs=inputs, inputs_of=str(self.snapshots.seen(table)))

    def keep_inputs(self, table: LakeTable, inputs: str) -> None:
        """Note ``inputs`` with a compacted table: the commit that they were noted with may be expired."""
        if self.is_compacted(table):
            self.note_inputs(table, inputs)

    def _set(self, table: LakeTable, **properties: str) -> None:
        """Set properties of the table, under the prefix ``estrela.``."""
        pairs = ", ".join(f"'estrela.{name}'={quoted(value)}" for name, value in properties.items())
        self.snapshots.catalog.alter(table, f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ({pairs})")

    def _audited_head(self, table: LakeTable) -> int | None:
        head = self.snapshots.head(table)
        audited = str(self.snapshots.catalog.read(table).properties().getOrDefault("estrela.audited", ""))
        return head if audited == str(head) else None
