"""The trusted, refined and operations tables of one star."""

from __future__ import annotations

from dataclasses import dataclass, replace

from estrela.etl.lake_table import LakeTable
from estrela.etl.ops_tables import CHECKS, COMPLETENESS, FILES, MAINTENANCE, REJECTS, RUNS
from estrela.model.source import Source
from estrela.model.table import Dimension, Fact, Table


@dataclass(frozen=True)
class StarTables:
    """The tables of one star in the databases ``<star>_trusted``, ``<star>_refined`` and ``<star>_ops``."""

    star: str

    def trusted(self, source: Source) -> LakeTable:
        """Return the trusted table of a source."""
        what = (f"{self.star}_trusted", source.name, source.doc, source.all_columns)
        return LakeTable(*what, source.partition_by, source.sort_by, is_sensitive=source.is_sensitive)

    def refined(self, table: Table) -> LakeTable:
        """Return the refined table of a dimension or fact."""
        what = (self.refined_database, table.name, table.doc, table.all_columns)
        if isinstance(table, Fact):
            return LakeTable(*what, table.partition_by, table.sort_by, is_sensitive=table.is_sensitive)
        return LakeTable(*what, (), _dimension_order(table), is_sensitive=table.is_sensitive)

    @property
    def refined_database(self) -> str:
        """Database of the dimensions, facts and marts."""
        return f"{self.star}_refined"

    @property
    def files(self) -> LakeTable:
        """Newest files received, with the account of their rows."""
        return self._ops(FILES)

    @property
    def rejects(self) -> LakeTable:
        """Rows and files that were refused, with the reasons."""
        return self._ops(REJECTS)

    @property
    def checks(self) -> LakeTable:
        """Results of checks."""
        return self._ops(CHECKS)

    @property
    def completeness(self) -> LakeTable:
        """Periods with missing rows or files."""
        return self._ops(COMPLETENESS)

    @property
    def runs(self) -> LakeTable:
        """Changes of the current release."""
        return self._ops(RUNS)

    @property
    def maintenance(self) -> LakeTable:
        """Log of maintenance: counts of the files and snapshots removed from each table, and of those kept."""
        return self._ops(MAINTENANCE)

    def _ops(self, table: LakeTable) -> LakeTable:
        return replace(table, database=f"{self.star}_ops")


def _dimension_order(table: Dimension) -> tuple[str, ...]:
    dated = [name for name in ("valid_from",) if name in {column.name for column in table.all_columns}]
    return (*table.business_key, *dated)
