"""Notes about a table: the inputs that its rows were computed from, and the results of the audit."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.snapshots import COMPACTION, Snapshots
from estrela.etl.sql import quoted


@dataclass(frozen=True)
class Notes:
    """Notes stored as properties of a table or of its commits, as seen by the run of ``snapshots``."""

    snapshots: Snapshots

    def inputs(self, table: LakeTable) -> str:
        """Return the recorded inputs of the rows that this run sees, or "" if unknown."""
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
        """Return whether the newest commit that this run sees is a compaction without recorded inputs."""
        iceberg, seen = self.snapshots.catalog.read(table), self.snapshots.seen(table)
        noted = str(iceberg.properties().getOrDefault("estrela.inputs_of", ""))
        return bool(seen) and noted != str(seen) and str(iceberg.snapshot(seen).operation()) == COMPACTION

    def is_audited(self, table: LakeTable) -> bool:
        """Return whether the newest commit on the run's branch passed the audit; True if the branch does not exist."""
        return self.snapshots.head(table) is None or self._audited_head(table) is not None

    def audit_report(self, table: LakeTable) -> str:
        """Return the results of the audit of the run's branch, or "" if none were recorded."""
        properties = self.snapshots.catalog.read(table).properties()
        return "" if self._audited_head(table) is None else str(properties.getOrDefault("estrela.audit_report", ""))

    def mark_audited(self, table: LakeTable, report: str) -> None:
        """Record that the current head of the run's branch passed the audit, with the results."""
        self._set(table, audited=str(self.snapshots.head(table)), audit_report=report)

    def note_inputs(self, table: LakeTable, inputs: str) -> None:
        """Record ``inputs`` for the rows that this run sees, as if they had been committed together."""
        self._set(table, inputs=inputs, inputs_of=str(self.snapshots.seen(table)))

    def keep_inputs(self, table: LakeTable, inputs: str) -> None:
        """Record ``inputs`` for a compacted table, because the commit that carries them may expire."""
        if self.is_compacted(table):
            self.note_inputs(table, inputs)

    def _set(self, table: LakeTable, **properties: str) -> None:
        """Set properties of the table with the prefix ``estrela.``."""
        pairs = ", ".join(f"'estrela.{name}'={quoted(value)}" for name, value in properties.items())
        self.snapshots.catalog.alter(table, f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ({pairs})")

    def _audited_head(self, table: LakeTable) -> int | None:
        head = self.snapshots.head(table)
        audited = str(self.snapshots.catalog.read(table).properties().getOrDefault("estrela.audited", ""))
        return head if audited == str(head) else None
