"""A table of the lake: where it is, what it holds and how it is laid out."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.model.column import Column
from estrela.model.partition import PartitionField

CATALOG = "lake"
"""Name of the Spark catalog, which the job's configuration defines."""
OPS = "estrela_ops"
"""Database of what concerns the platform as a whole; each star has its own databases beside it."""


@dataclass(frozen=True)
class LakeTable:
    """An Iceberg table: where it is, what it holds and how it is laid out.

    ``is_sensitive``: its rows are computed from sensitive values, which Spark quotes in its errors.
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
        """The name that Spark knows."""
        return f"{CATALOG}.{self.path}"

    @property
    def schema(self) -> str:
        """The columns as Spark DDL."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)
