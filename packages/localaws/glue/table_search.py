"""SearchTables: find tables by words and properties of their metadata.

https://docs.aws.amazon.com/glue/latest/webapi/API_SearchTables.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.exceptions import InvalidInputException

from localaws.glue.paging import TABLES_A_PAGE, Entity, PagedResponse

SORTED_BY = ("Name", "DatabaseName", "CreateTime", "UpdateTime")


class TableSearchResponses(PagedResponse):
    """SearchTables over all databases."""

    def search_tables(self) -> ActionResult:
        """SearchTables."""
        backend = self.glue_backend
        tables = [table.as_dict() for d in backend.get_databases() for table in backend.get_tables(d.name, None)]
        text, filters = self.parameters.get("SearchText") or "", self.parameters.get("Filters") or []
        matches = [table for table in tables if _has(table, text) and _passes(table, filters)]
        if self.parameters.get("ResourceShareType") == "FOREIGN":
            matches = []  # no other account shares tables with this one
        ordered = _sorted(matches, self.parameters.get("SortCriteria") or [])
        ranks = {(table["DatabaseName"], table["Name"]): rank for rank, table in enumerate(ordered)}
        return self.page_of(
            "TableList", ordered, lambda table: [ranks[table["DatabaseName"], table["Name"]]], TABLES_A_PAGE
        )


def _has(table: Mapping[str, Any], text: str) -> bool:
    """Return whether some property contains the text, or equals it if the text is quoted; case is ignored."""
    wanted = text.lower()
    if len(wanted) > 1 and wanted[0] == wanted[-1] == '"':
        return any(word.lower() == wanted[1:-1] for word in _words(table))
    return any(wanted in word.lower() for word in _words(table))


def _words(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield every string of a table's metadata."""
    storage = table.get("StorageDescriptor") or {}
    columns = [*(storage.get("Columns") or []), *(table.get("PartitionKeys") or [])]
    words = [table["DatabaseName"], table["Name"], *map(table.get, ("Description", "Owner", "TableType"))]
    words += [storage.get("Location"), *(c.get(name) for c in columns for name in ("Name", "Type", "Comment"))]
    words += [word for pair in (table.get("Parameters") or {}).items() for word in pair]
    yield from (str(word) for word in words if word)


def _passes(table: Mapping[str, Any], filters: Sequence[Mapping[str, str]]) -> bool:
    """Return whether each property has the value of its filter; raises InvalidInputException for another comparison."""
    facts = {**(table.get("Parameters") or {}), **table}
    for condition in filters:
        if (comparator := condition.get("Comparator", "EQUALS")) != "EQUALS":
            raise InvalidInputException("SearchTables", f"Comparator {comparator[:50]} is not supported; use EQUALS.")
        if str(facts.get(condition["Key"], "")) != condition["Value"]:
            return False
    return True


def _sorted(tables: Sequence[Entity], criteria: Sequence[Mapping[str, str]]) -> list[Entity]:
    """Order by database and name, then by the criteria; raises InvalidInputException for another field."""
    ordered = sorted(tables, key=itemgetter("DatabaseName", "Name"))
    for criterion in reversed(criteria):
        field = criterion.get("FieldName", "")
        if field not in SORTED_BY:
            text = f"SortCriteria names the field {field[:50]!r}; one of {', '.join(SORTED_BY)} is supported."
            raise InvalidInputException("SearchTables", text)
        ordered.sort(key=itemgetter(field), reverse=criterion.get("Sort") == "DESC")
    return ordered
