"""Log messages about background work that fails and is tried again."""

from __future__ import annotations

import logging


class LastingProblems:
    """Warns of a problem when it begins or changes, not at each try while it lasts."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: dict[str, str] = {}

    def failed(self, subject: str, error: Exception) -> None:
        """Record that a try of ``subject`` failed."""
        problem = f"{type(error).__name__}: {error}"
        level = logging.DEBUG if self._known.get(subject) == problem else logging.WARNING
        self._known[subject] = problem
        self._log.log(level, "%s failed, and is tried again: %s", subject, problem)

    def succeeded(self, subject: str) -> None:
        """Record that a try of ``subject`` succeeded."""
        if self._known.pop(subject, None):
            self._log.warning("%s succeeds again", subject)
