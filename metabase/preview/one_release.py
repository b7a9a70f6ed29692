"""Answers of many queries that are all of one release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from metabase.preview.athena import Answer, QueryError

READINGS = 4
"""Times that a page is asked for before its release counts as changing for ever; a publish takes longer than a page."""
RELEASE = "SELECT release_id FROM {star}.release"
T = TypeVar("T")


class Database(Protocol):
    """A database that answers one query."""

    def ask(self, name: str, sql: str) -> Answer:
        """Return the answer to ``sql``. Raises QueryError."""


def of_one_release(star: str, database: Database, read: Callable[[], T]) -> T:
    """Return what ``read`` gives if the current release of ``star`` is the same before and after; else read again.

    Without a star, nothing is released. Raises QueryError if the release changed during every reading.
    """
    if not star:
        return read()
    for _ in range(READINGS):
        before = database.ask("release", RELEASE.format(star=star)).rows
        result = read()
        if database.ask("release", RELEASE.format(star=star)).rows == before:
            return result
    raise QueryError("release", f"{star} had another release after each of {READINGS} readings; draw the page again")
