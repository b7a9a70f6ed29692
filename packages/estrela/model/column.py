"""A column: its name, its type and what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from estrela.errors import DefinitionError

SIMPLE_TYPES = ("string", "int", "bigint", "double", "boolean", "date", "timestamp")
TYPES = (*SIMPLE_TYPES, "decimal(p,s)")
NAME = re.compile(r"[a-z][a-z0-9_]*")
DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")


@dataclass(frozen=True)
class Column:
    """A column of a table. ``type`` is a Spark SQL type; ``doc`` lands in the catalog and in the dashboards.

    ``renamed_from`` is the name that the column had before, as long as a lake may still have it.
    Values of a ``sensitive`` column are masked in rejects, errors, logs and examples of checks, and what Spark says of
    rows computed from them is withheld; the table holds them. They cannot be part of a request or a partition.
    """

    name: str
    type: str
    doc: str
    renamed_from: str = ""
    sensitive: bool = False

    def __post_init__(self) -> None:
        where = f"Column({self.name!r})"
        require_name(where, self.name)
        if self.type not in SIMPLE_TYPES and not DECIMAL.fullmatch(self.type):
            raise DefinitionError(where, f"unknown type {self.type!r}", TYPES)
        if not self.doc.strip():
            raise DefinitionError(where, "has no doc; say what the column means")


class NamedColumns(Protocol):
    """The part of a source that a declaration refers to."""

    @property
    def name(self) -> str:
        """Name of the source."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that the source's files fill."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns of the trusted table."""


def require_name(where: str, name: str) -> None:
    """Raise DefinitionError unless ``name`` is lower snake case."""
    if not NAME.fullmatch(name):
        raise DefinitionError(where, f"name {name!r} is not lower snake case", ("[a-z][a-z0-9_]*",))


def require_distinct(where: str, names: Sequence[str]) -> None:
    """Raise DefinitionError if a name is declared twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DefinitionError(where, f"column {twice[0]!r} is declared twice")


def require_not_sensitive(where: str, placed: Iterable[tuple[str, str]], columns: Iterable[Column]) -> None:
    """Raise DefinitionError if one of ``placed``, by role and name, is a sensitive column: it would be shown there."""
    sensitive = {column.name for column in columns if column.sensitive}
    for role, name in placed:
        if name in sensitive:
            problem = f"{role} names {name!r}, which is sensitive: its values would be in file names, URLs and ops"
            raise DefinitionError(where, f"{problem}; use another column, or a pseudonym that the source gives")


def require_known(where: str, role: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Raise DefinitionError if one of ``names``, which ``role`` mentions, is not among ``known`` columns."""
    for name in names:
        if name not in known:
            raise DefinitionError(where, f"{role} names {name!r}, which is not a column", known)
