"""The lake's catalog as used by one step: metadata of a table is cached, and read again after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from estrela.etl.java_classes import java_class
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.commit import commit

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def members(collection: Any) -> list[Any]:
    """Return the elements of a Java collection. A Java iterator would end with an exception, which Spark inspects."""
    array = collection.toArray()
    return [array[at] for at in range(len(array))]


@dataclass(frozen=True)
class Catalog:
    """Tables as Iceberg objects, each in the state of its last read here.

    On AWS every read calls Glue and S3, and a step reads hundreds of times. Commits of other runs become visible after
    ``forget``.
    """

    spark: SparkSession
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def has(self, table: LakeTable) -> bool:
        """Return whether the table is in the catalog."""
        return table.path in self._known or bool(self.spark.catalog.tableExists(table.identifier))

    def read(self, table: LakeTable) -> Any:
        """Return the Iceberg object of a table that exists in the catalog."""
        if table.path not in self._known:
            loader = java_class(self.spark, "org.apache.iceberg.spark.Spark3Util")
            self._known[table.path] = loader.loadIcebergTable(self.spark._jsparkSession, table.identifier)
        return self._known[table.path]

    def rows_at(self, name: str, snapshot: int) -> DataFrame:
        """Return the rows of the table, or metadata table, ``name`` at a snapshot that has not expired."""
        # Iceberg for Spark 4.1 refuses a reader's option snapshot-id; Spark 3.5 ignores its option versionAsOf.
        return self.spark.sql(f"SELECT * FROM {name} VERSION AS OF {snapshot}")

    def commit(self, table: LakeTable, change: Callable[[], object]) -> None:
        """Apply the repeatable ``change``. Raises LoadError, or TransformError if rows cannot be computed."""
        try:
            commit(table, change)
        finally:
            self.forget(table)

    def alter(self, table: LakeTable, statement: str) -> None:
        """Run an SQL statement that changes the table and must be repeatable. Raises LoadError."""
        self.commit(table, lambda: self.spark.sql(statement))

    def forget(self, table: LakeTable) -> None:
        """Discard the cached state of the table, so that it is read again."""
        self._known.pop(table.path, None)
