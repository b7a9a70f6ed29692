"""Statements about views, run through Athena."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from estrela.errors import AthenaQueryError, LoadError, bounded
from estrela.hooks.athena import AthenaQueries

AT_ONCE = 8
"""Number of statements that run concurrently. Athena's default quota is 20 DDL statements per account."""


class Views(Protocol):
    """The views of a star in the catalog."""

    def run(self, statements: Sequence[str]) -> None:
        """Run statements in any order; return when all have ended. Raises LoadError if one fails."""


@dataclass(frozen=True)
class AthenaViews:
    """Runs statements through Athena."""

    queries: AthenaQueries

    def run(self, statements: Sequence[str]) -> None:
        """Run statements in any order; return when all have ended.

        Raises LoadError with Athena's own reasons; it is retriable if all failures are transient.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ends = list(pool.map(self._run, statements))
        failed = [(text, error) for text, error in zip(statements, ends, strict=True) if error]
        if failed:
            reasons = "; ".join(f"{bounded(text, 80)}: {error}" for text, error in failed)
            problem = f"{len(failed)} of {len(statements)} statements failed: {reasons}"
            raise LoadError("Athena", problem, retriable=all(error.retriable for _, error in failed))

    def _run(self, statement: str) -> AthenaQueryError | None:
        """Run a statement; return the error, or None if it succeeded."""
        try:
            self.queries.run(statement)
        except AthenaQueryError as error:
            return error
        return None
