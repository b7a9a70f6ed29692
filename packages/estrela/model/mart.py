"""Marts: views that analysts query."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.column import Column, require_distinct, require_name
from estrela.model.partition import PartitionField, column_of, valued
from estrela.model.table import Fact, Table

COMPLETENESS = Column(
    "completeness",
    "double",
    "Share of the newest data received for the period that the tables contain, by rows or by the source's measure,"
    " whichever is lower; 1 if nothing is missing, 0 if it is unknown how much is missing",
)


@dataclass(frozen=True)
class Mart:
    """A view in Athena. ``sql`` is Athena SQL in which ``{table}`` is replaced by one of ``uses``.

    The engine adds the column ``completeness``. It is computed per period of a fact, where the period is the value of
    the fact's first partition column that the mart shows. If the mart shows none, ``period`` gives it: Athena SQL over
    the mart's columns that returns the value of the fact's first partition column as text (for a date part, its first
    day). Without either, completeness is that of the whole fact.
    """

    name: str
    doc: str
    uses: tuple[Table, ...]
    columns: tuple[Column, ...]
    sql: str
    period: str = ""

    def __post_init__(self) -> None:
        where = f"Mart({self.name!r})"
        require_name(where, self.name)
        if not self.name.startswith("mart_"):
            raise DefinitionError(where, "name does not start with 'mart_'")
        require_distinct(where, [column.name for column in self.all_columns])
        named = {name for _, name, _, _ in string.Formatter().parse(self.sql) if name is not None}
        used = {table.name for table in self.uses}
        if named != used:
            problem = f"sql names {sorted(named)}, which are not the tables in uses"
            raise DefinitionError(where, problem, sorted(used))

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The view's columns: those of ``sql``, then ``completeness``."""
        return (*self.columns, COMPLETENESS)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts in ``uses``."""
        return tuple(table for table in self.uses if isinstance(table, Fact))

    def shown_partition(self, fact: Fact) -> PartitionField | None:
        """Return the first partition field of the fact whose column the mart shows; None if it shows none."""
        shown = {column.name for column in self.columns}
        return next((field for field in valued(fact.partition_by) if column_of(field) in shown), None)

    def query(self, places: Mapping[str, str]) -> str:
        """Return the view's SELECT; ``places`` maps the name of each used table to the text that follows FROM."""
        return self.sql.format_map({table.name: places[table.name] for table in self.uses})

    def __hash__(self) -> int:
        return hash((type(self), self.name))
