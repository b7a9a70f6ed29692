"""The base class of the store in which the steps of a star read and write tables."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.loader import Loader
from estrela.etl.star_tables import StarTables

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


class StarLoader(Loader[LakeTable]):
    """The tables of one star as seen by one run: with its own changes if it has made any, else as committed.

    Readers do not see the rows that a run overwrites until the run publishes them.
    """

    spark: SparkSession
    tables: StarTables

    @abstractmethod
    def read(self, table: LakeTable) -> DataFrame:
        """Return the rows that this run sees. Raises LoadError if the table does not exist."""

    @abstractmethod
    def read_published(self, table: LakeTable) -> DataFrame:
        """Return the committed rows, without the changes of this run."""

    @abstractmethod
    def seen(self, table: LakeTable) -> int:
        """Return the version of the table that this run sees, or 0 if it is empty or does not exist."""

    @abstractmethod
    def overwrite(
        self,
        table: LakeTable,
        rows: DataFrame,
        replaced: Column | None = None,
        *,
        inputs: str = "",
        partitions: int = 0,
        clustered: bool = False,
    ) -> None:
        """Replace the rows that match ``replaced`` (default: all) by ``rows``, in one commit of this run.

        ``inputs`` is stored with the commit and identifies the inputs of the rows. ``partitions`` is the number of
        partitions of the rows, or 0 if unknown. ``clustered`` means that each partition is already within one task.
        """

    @abstractmethod
    def overwrite_published(self, table: LakeTable, rows: DataFrame, replaced: Column) -> None:
        """Replace committed rows at once, without audit. Only for tables of operations."""
