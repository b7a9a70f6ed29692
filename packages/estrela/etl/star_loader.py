"""The store in which the steps of a star read and write its tables."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.loader import Loader
from estrela.etl.star_tables import StarTables

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


class StarLoader(Loader[LakeTable]):
    """The tables of one star as one run sees them: its own changes where it has made any, else what is committed.

    Rows that a run overwrites stay unseen by readers until the run publishes them.
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
        """Return the version of the table that this run sees; 0 if it is empty or does not exist."""

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
        """Replace the rows where ``replaced`` holds (default: all) by ``rows``, in one commit of this run.

        ``inputs`` is stored with the commit and identifies what the content was computed from. ``partitions``
        is the number of those that the rows belong to, 0 if it is unknown. ``clustered`` says that the rows of each
        partition are in one task already.
        """

    @abstractmethod
    def overwrite_published(self, table: LakeTable, rows: DataFrame, replaced: Column) -> None:
        """Replace committed rows at once, without audit. Only for tables of operations."""
