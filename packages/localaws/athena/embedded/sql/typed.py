"""An expression in DuckDB's SQL with its Trino type."""

from __future__ import annotations

from dataclasses import dataclass

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.sql_errors import NotSupportedError, TypeMismatchError
from localaws.athena.types.trino import UNKNOWN, Type, common_type


@dataclass(frozen=True)
class Typed:
    """DuckDB SQL text, the Trino type of its value, and the value itself if it is a literal."""

    sql: str
    type: Type
    literal: str | None = None


def text_literal(value: str) -> str:
    """A DuckDB string literal."""
    return "'" + value.replace("'", "''") + "'"


def name_literal(name: str) -> str:
    """A DuckDB quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def cast(sql: str, kind: Type) -> str:
    """DuckDB's own cast, for values that it converts as Trino does."""
    return f"CAST({sql} AS {duckdb_type(kind)})"


def coerce(value: Typed, kind: Type) -> Typed:
    """The value implicitly coerced to a wider type.

    Raises:
        TypeMismatchError: Trino has no such coercion.
    """
    if value.type == kind and (value.type.zone == kind.zone or kind.zone is None):
        return Typed(value.sql, kind, value.literal)
    if common_type(value.type, kind) != kind and not _fits(value.type, kind):
        raise TypeMismatchError(f"{value.type} where {kind} is expected")
    if value.type == UNKNOWN:
        return Typed(cast("NULL", kind), kind)
    if kind.name == "timestamp with time zone" and value.type.name != kind.name:
        return Typed(f"({cast(value.sql, Type('timestamp', size=(3,)))} AT TIME ZONE 'UTC')", kind)
    if kind.name == "char":
        return Typed(f"rtrim({value.sql}, ' ')" if value.type.name == "varchar" else value.sql, kind)
    if kind.name == "row" or duckdb_type(value.type) == duckdb_type(kind):
        return Typed(_recast(value, kind), kind, value.literal)
    return Typed(cast(value.sql, kind), kind)


def _recast(value: Typed, kind: Type) -> str:
    return value.sql if duckdb_type(value.type) == duckdb_type(kind) else _row_cast(value, kind)


def _row_cast(value: Typed, kind: Type) -> str:
    if len(value.type.args) != len(kind.args):
        raise TypeMismatchError(f"{value.type} where {kind} is expected")
    raise NotSupportedError(f"coercion of {value.type} to {kind}")


def _fits(source: Type, target: Type) -> bool:
    """Return whether a type widens to the target: a bounded to an unbounded string, a decimal to a wider one."""
    wider = common_type(source, target)
    return wider is not None and wider.name == target.name and wider.size == target.size


def common(values: list[Typed], what: str) -> Type:
    """The common type to which all values are coerced.

    Raises:
        TypeMismatchError: the values have no common type.
    """
    kind = UNKNOWN
    for value in values:
        wider = common_type(kind, value.type)
        if wider is None:
            raise TypeMismatchError(f"{what}: {kind} and {value.type} have no common type")
        kind = wider
    return kind


def known(value: Typed) -> Typed:
    """Return the value; a bare NULL becomes a NULL of a type that DuckDB can store."""
    return Typed(cast("NULL", UNKNOWN), UNKNOWN) if value.type == UNKNOWN else value


def fail(name: str, message: str, kind: Type) -> str:
    """SQL of the given type that, when evaluated, stops the query with a Trino error name and a message."""
    return cast(f"trino_fail({text_literal(f'{name}: {message}')})", kind)
