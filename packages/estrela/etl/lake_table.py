"""A table of the lake: its location, columns and layout."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.model.column import Column
from estrela.model.partition import PartitionField

CATALOG = "lake"
"""Name of the Spark catalog, defined in the job's configuration."""
OPS = "estrela_ops"
"""Database for the whole platform, in addition to the databases of each star."""


@dataclass(frozen=True)
class LakeTable:
    """An Iceberg table: its location, columns and layout.

    ``is_sensitive``: its rows are computed from sensitive values, which Spark may quote in its errors.
    """

    database: str
    name: str
    doc: str
    columns: tuple[Column, ...]
    partition_by: tuple[PartitionField, ...] = ()
    sort_by: tuple[str, ...] = ()
    is_sensitive: bool = False

    @property
    def path(self) -> str:
        """``database.name``."""
        return f"{self.database}.{self.name}"

    @property
    def identifier(self) -> str:
        """The name of the table in Spark."""
        return f"{CATALOG}.{self.path}"

    @property
    def schema(self) -> str:
        """The columns as Spark DDL."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)
