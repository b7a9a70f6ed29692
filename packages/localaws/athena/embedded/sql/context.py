"""Context in which an expression is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed
from localaws.athena.types.trino import Type


@dataclass(frozen=True)
class Context:
    """Functions that compile an expression, a subquery, an aggregate or window call, and a named window."""

    compile: Callable[[exp.Expression, Scope], Typed]
    subquery: Callable[[exp.Expression, Scope], tuple[str, list[Type]]]
    aggregate: Callable[[exp.Expression, Scope], Typed]
    windows: tuple[tuple[str, exp.Window], ...] = ()


Handler = Callable[[exp.Expression, Scope, Context], Typed]
