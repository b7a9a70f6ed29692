"""The columns to which a name can refer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from localaws.athena.embedded.sql.typed import Typed
from localaws.athena.sql_errors import ColumnNotFoundError, SqlError
from localaws.athena.types.trino import Type


@dataclass(frozen=True)
class Field:
    """A column of a relation: its name (None if it has none), its DuckDB text, its type, its relation's name.

    `hidden` columns ("$path") can be named, but are not part of `*`.
    """

    name: str | None
    sql: str
    type: Type
    relation: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Scope:
    """The visible fields, with a parent scope for the fields outside."""

    fields: tuple[Field, ...] = ()
    parent: Scope | None = None
    lambdas: tuple[Field, ...] = field(default=())

    def find(self, name: str, relation: str | None = None) -> Typed | None:
        """Return the column with that name, from the innermost scope that has it; None if none has.

        Raises:
            SqlError: more than one column has the name.
        """
        for level in self._levels():
            for param in level.lambdas:
                if relation is None and param.name == name.lower():
                    return Typed(param.sql, param.type)
            matches = [f for f in level.fields if _matches(f, name, relation)]
            if len(matches) > 1:
                raise SqlError(f"Column '{name}' is ambiguous", "AMBIGUOUS_NAME")
            if matches:
                return Typed(matches[0].sql, matches[0].type)
        return None

    def of_relation(self, relation: str) -> tuple[Field, ...]:
        """The fields of one relation that are not hidden, for `t.*`.

        Raises:
            ColumnNotFoundError: no relation has that name.
        """
        for level in self._levels():
            fields = tuple(f for f in level.fields if f.relation == relation.lower())
            if fields:
                return tuple(f for f in fields if not f.hidden)
        raise ColumnNotFoundError(f"Unable to resolve reference {relation}.*")

    def with_lambdas(self, params: tuple[Field, ...]) -> Scope:
        """Return the scope inside a lambda."""
        return Scope((), self, params)

    def _levels(self) -> Iterator[Scope]:
        level: Scope | None = self
        while level is not None:
            yield level
            level = level.parent


def _matches(column: Field, name: str, relation: str | None) -> bool:
    if column.name is None or column.name.lower() != name.lower():
        return False
    return relation is None or column.relation == relation.lower()
