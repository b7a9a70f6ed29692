"""The lake's catalog as one step uses it: what is known of a table is read once, and again after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from estrela.etl.java_classes import java_class
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.commit import commit

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def members(collection: Any) -> list[Any]:
    """Return the members of a Java collection. An iterator of Java's ends by an exception, which Spark examines."""
    array = collection.toArray()
    return [array[at] for at in range(len(array))]


@dataclass(frozen=True)
class Catalog:
    """Tables by Iceberg's own objects, each as it was when it was last read here.

    On AWS every read is a call of Glue and one of S3, and a step asks hundreds of times. What another run commits
    meanwhile is seen after ``forget``.
    """

    spark: SparkSession
    _known: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def has(self, table: LakeTable) -> bool:
        """Return whether the table is in the catalog."""
        return table.path in self._known or bool(self.spark.catalog.tableExists(table.identifier))

    def read(self, table: LakeTable) -> Any:
        """Return Iceberg's object of a table that is in the catalog."""
        if table.path not in self._known:
            loader = java_class(self.spark, "org.apache.iceberg.spark.Spark3Util")
            self._known[table.path] = loader.loadIcebergTable(self.spark._jsparkSession, table.identifier)
        return self._known[table.path]

    def commit(self, table: LakeTable, change: Callable[[], object]) -> None:
        """Do ``change``, which can be made twice. Raises LoadError, or TransformError where rows cannot be computed."""
        try:
            commit(table, change)
        finally:
            self.forget(table)

    def alter(self, table: LakeTable, statement: str) -> None:
        """Run an SQL statement that can be run twice and changes the table. Raises LoadError."""
        self.commit(table, lambda: self.spark.sql(statement))

    def forget(self, table: LakeTable) -> None:
        """Read the table anew the next time."""
        self._known.pop(table.path, None)
