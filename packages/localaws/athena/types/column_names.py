"""Valid column names of a table or view."""

from __future__ import annotations

from localaws.athena.errors import QueryError
from localaws.athena.types.trino import Columns


def check_names(columns: Columns) -> None:
    """Raise QueryError for an unnamed column or a duplicate name, which no table or view can have."""
    seen: set[str] = set()
    for place, (name, _) in enumerate(columns, 1):
        if not name:
            raise QueryError("MISSING_COLUMN_NAME", f"Column name not specified at position {place}")
        if name.lower() in seen:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{name}' specified more than once")
        seen.add(name.lower())
