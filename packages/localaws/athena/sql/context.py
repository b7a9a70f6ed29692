"""What compiling an expression needs from around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.athena.sql.scope import Scope
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type


@dataclass(frozen=True)
class Context:
    """How a subquery, an aggregate or window call, and a named window are compiled here."""

    subquery: Callable[[exp.Expression, Scope], tuple[str, list[Type]]]
    aggregate: Callable[[exp.Expression, Scope], Typed]
    windows: tuple[tuple[str, exp.Window], ...] = ()

    def with_windows(self, windows: tuple[tuple[str, exp.Window], ...]) -> Context:
        """The same context, with the windows of a WINDOW clause."""
        return replace(self, windows=windows)
