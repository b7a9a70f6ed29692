"""A column: name, type and description."""

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
    """A column of a table. ``type`` is a Spark SQL type; ``doc`` is shown in the Glue catalog and in the dashboards.

    ``renamed_from`` is the previous name of the column. Keep it as long as a lake may still use that name. Values of a
    ``sensitive`` column are stored in the table but masked in rejects, errors, logs and examples of checks. Spark's
    error messages about rows computed from them are withheld. A sensitive column cannot be part of a request or a
    partition.
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
    """The properties of a source that other declarations use."""

    @property
    def name(self) -> str:
        """Name of the source."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that are filled from the source's files."""

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
    """Raise DefinitionError if one of ``placed``, pairs of role and name, is a sensitive column: that role would expose
    it.
    """
    sensitive = {column.name for column in columns if column.sensitive}
    for role, name in placed:
        if name in sensitive:
            problem = f"{role} names {name!r}, which is sensitive: its values would be in file names, URLs and ops"
            raise DefinitionError(where, f"{problem}; use another column, or a pseudonym from the source")


def require_known(where: str, role: str, names: Iterable[str], known: Sequence[str]) -> None:
    """Raise DefinitionError if one of ``names``, which the declaration uses as ``role``, is not among the ``known``
    columns.
    """
    for name in names:
        if name not in known:
            raise DefinitionError(where, f"{role} names {name!r}, which is not a column", known)
