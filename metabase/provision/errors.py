"""Errors of requests to a Metabase."""

from __future__ import annotations

from collections.abc import Sequence

from estrela.errors import EstrelaError, bounded, some_of


class MetabaseError(EstrelaError):
    """The base class: ``where`` (a request or an object) and the ``problem``."""

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"{where}: {problem}")


class MetabaseUnavailableError(MetabaseError):
    """Metabase is temporarily unavailable: refused connection, timeout, 429, 5xx, still starting."""

    retriable = True


class MetabaseRejectedError(MetabaseError):
    """Metabase refused a request: a 4xx, with its ``status`` and Metabase's reason."""

    def __init__(self, where: str, problem: str, status: int) -> None:
        self.status = status
        super().__init__(where, problem)


class MetabaseConflictError(MetabaseRejectedError):
    """The permissions were changed by another client between reading and writing them (409)."""


class NotMetabaseError(MetabaseError):
    """The answer is not from Metabase, or has an unknown form: a page, a redirect, invalid JSON."""


class NotStoredError(MetabaseError):
    """Metabase accepted a change, but stores something else."""


class QueryFailedError(MetabaseError):
    """Cards failed; ``failures`` has one line per card."""

    def __init__(self, where: str, failures: Sequence[str]) -> None:
        self.failures = tuple(failures)
        count = f"{len(failures)} card does" if len(failures) == 1 else f"{len(failures)} cards do"
        super().__init__(where, f"{count} not run: {some_of((bounded(failure, 250) for failure in failures), 5)}")
