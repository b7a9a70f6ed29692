"""An aggregate call, and the checks that aggregate functions have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localaws.athena.embedded.sql.typed import Typed
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import Type, is_numeric


@dataclass(frozen=True)
class Aggregation:
    """An aggregate call: compiled arguments, and the text of DISTINCT, ORDER BY, FILTER and OVER around them."""

    name: str
    args: list[Typed]
    star: bool
    distinct: bool
    order: str
    tail: str

    def text(self, function: str, *args: str) -> str:
        """`function([DISTINCT] args [ORDER BY ..]) [FILTER ..] [OVER ..]`."""
        words = "DISTINCT " if self.distinct else ""
        return f"{function}({words}{', '.join(args)}{self.order}){self.tail}"

    def plain(self, function: str, *args: str) -> str:
        """The call without DISTINCT and ORDER BY."""
        return f"{function}({', '.join(args)}){self.tail}"

    def only(self, count: int) -> list[Typed]:
        """Return the arguments; raise UnexpectedParametersError unless there are `count` of them."""
        if len(self.args) != count or self.star:
            raise UnexpectedParametersError(f"Unexpected parameters for function {self.name}. Expected: {count}")
        return self.args


Build = Callable[[Aggregation], Typed]


@dataclass(frozen=True)
class Aggregate:
    """An aggregate function: its signature, and the function that compiles a call to DuckDB text."""

    name: str
    signature: str
    build: Build


def unordered(call: Aggregation) -> None:
    """Refuse ORDER BY inside the call."""
    if call.order:
        raise NotSupportedError(f"{call.name} with ORDER BY")


def number(call: Aggregation) -> Typed:
    """Return the only argument; raise UnexpectedParametersError unless it is a number."""
    (value,) = call.only(1)
    if not is_numeric(value.type):
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function {call.name}")
    return value


def no_distinct(call: Aggregation) -> None:
    """Refuse DISTINCT inside the call."""
    if call.distinct:
        raise NotSupportedError(f"{call.name} with DISTINCT")


def require_orderable(kind: Type, name: str) -> None:
    """Raise NotSupportedError for a type that Trino and DuckDB order differently."""
    if kind.args or kind.name in ("json", "char"):
        raise NotSupportedError(f"{name} of {kind}")
