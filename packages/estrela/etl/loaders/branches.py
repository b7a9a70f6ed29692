"""Branches and tags of tables: a run writes to its branch, and publishing fast-forwards ``main`` to it."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.errors import LoadError, TransformError
from estrela.etl.java_classes import java_class
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.snapshots import MAIN, Snapshots


@dataclass(frozen=True)
class Branches:
    """Creates and drops branches and tags for the run of ``snapshots``."""

    snapshots: Snapshots

    def begin(self, table: LakeTable) -> None:
        """Create the run's branch of the table unless it exists."""
        if self.snapshots.head(table) is None:
            create = f"ALTER TABLE {table.identifier} CREATE BRANCH IF NOT EXISTS `{self.snapshots.branch}`"
            self.snapshots.catalog.alter(table, create)

    def drop(self, table: LakeTable, branch: str) -> None:
        """Drop a branch if it exists."""
        drop = f"ALTER TABLE {table.identifier} DROP BRANCH IF EXISTS `{branch}`"
        self.snapshots.catalog.alter(table, drop)

    def publish(self, table: LakeTable) -> None:
        """Publish the run's branch to readers and drop it, in one commit.

        Raises LoadError if another run has published in the meantime.
        """
        catalog, branch = self.snapshots.catalog, self.snapshots.branch

        def change() -> None:
            references = catalog.read(table).manageSnapshots()
            references.fastForwardBranch(MAIN, branch).removeBranch(branch).commit()

        try:
            catalog.commit(table, change)
        except TransformError as error:
            if not self.is_stale(table):
                raise
            raise LoadError(table.path, "another run published it at the same time; run this one again") from error

    def tag(self, table: LakeTable, snapshot: int, name: str) -> None:
        """Tag a snapshot, which protects it from expiry. An existing tag of that name is not changed."""
        create = f"ALTER TABLE {table.identifier} CREATE TAG IF NOT EXISTS `{name}` AS OF VERSION {snapshot}"
        self.snapshots.catalog.alter(table, create)

    def drop_tag(self, table: LakeTable, name: str) -> None:
        """Drop a tag, if it exists."""
        drop = f"ALTER TABLE {table.identifier} DROP TAG IF EXISTS `{name}`"
        self.snapshots.catalog.alter(table, drop)

    def is_stale(self, table: LakeTable) -> bool:
        """Return whether another run has published the table since this run's branch was created."""
        catalog = self.snapshots.catalog
        catalog.forget(table)
        head, published = self.snapshots.head(table), self.snapshots.head(table, MAIN)
        if head is None or published is None:
            return False
        util = java_class(catalog.spark, "org.apache.iceberg.util.SnapshotUtil")
        return not util.isAncestorOf(catalog.read(table), head, published)
