"""Property lists and column lists of DDL."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.ddl.cursor import Cursor
from localaws.athena.tables.hive import hive_type

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class ColumnDefinition:
    """A column with its Hive type, as Glue keeps it: lower case, without spaces."""

    name: str
    type: str
    comment: str | None = None

    def as_glue(self) -> dict[str, str]:
        column = {"Name": self.name, "Type": self.type}
        return column | ({"Comment": self.comment} if self.comment is not None else {})


def properties(cursor: Cursor) -> dict[str, str]:
    """``('name'='value', ...)``."""

    def item() -> tuple[str, str]:
        name = cursor.value()
        cursor.expect("=")
        return name, cursor.value()

    return dict(cursor.listed(item))


def column_definition(cursor: Cursor) -> ColumnDefinition:
    """``name type [COMMENT 'text']``; raise NotSupportedError for a type that is not one."""
    name = cursor.name()
    text = _SPACE.sub("", cursor.until("COMMENT")).lower()
    hive_type(text)
    return ColumnDefinition(name, text, cursor.string() if cursor.accept("COMMENT") else None)
