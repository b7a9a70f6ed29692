"""Property lists and column lists of DDL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from localaws.athena.errors import QueryError
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.types.hive import hive_type

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class ColumnDefinition:
    """A column with its Hive type in Glue's form: lower case, without spaces."""

    name: str
    type: str
    comment: str | None = None

    def as_glue(self) -> dict[str, str]:
        column = {"Name": self.name, "Type": self.type}
        return column | ({"Comment": self.comment} if self.comment is not None else {})


def check_unique(columns: Iterable[ColumnDefinition], keys: Iterable[ColumnDefinition] = ()) -> None:
    """Raise QueryError, with Hive's text, for a duplicate name among columns and partition keys."""
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise QueryError("FAILED", f"SemanticException [Error 10036]: Duplicate column name: {column.name}")
        seen.add(column.name)
    for key in keys:
        if key.name in seen:
            raise QueryError(
                "FAILED", f"SemanticException [Error 10035]: Column repeated in partitioning columns: {key.name}"
            )
        seen.add(key.name)


def properties(cursor: Cursor) -> dict[str, str]:
    """``('name'='value', ...)``."""

    def item() -> tuple[str, str]:
        name = cursor.value()
        cursor.expect("=")
        return name, cursor.value()

    return dict(cursor.listed(item))


def column_definition(cursor: Cursor) -> ColumnDefinition:
    """Parse ``name type [COMMENT 'text']``; raise NotSupportedError for an invalid type."""
    name = cursor.name()
    text = _SPACE.sub("", cursor.until("COMMENT", "FIRST", "AFTER")).lower()
    hive_type(text)
    return ColumnDefinition(name, text, cursor.string() if cursor.accept("COMMENT") else None)
