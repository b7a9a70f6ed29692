"""Texts that identify a client: its reference, its portfolios and, within one date, its accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Day:
    """A date (``YYYYMMDD``) of an external client."""

    external_client: str
    business_date: str


@dataclass(frozen=True)
class Traces:
    """The identifiers of the client ``reference``: its ``portfolios``, and its ``accounts`` on one date.

    References of clients and portfolios are globally unique. Account numbers are unique only within one date of one
    external client; an account that another client's portfolio also has is excluded.
    """

    reference: str
    portfolios: frozenset[str] = field(default_factory=frozenset)
    accounts: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def _references(self) -> re.Pattern[str]:
        return _words((self.reference, *self.portfolios))

    @cached_property
    def _accounts(self) -> re.Pattern[str]:
        return _words(self.accounts)

    def occur_in(self, text: str) -> bool:
        """Return whether a text contains the client's reference or that of one of its portfolios."""
        return bool(self._references.search(text))

    def occur_in_day(self, text: str) -> bool:
        """Return whether a text of the date names the client, or one of its portfolios or accounts."""
        return self.occur_in(text) or bool(self.accounts and self._accounts.search(text))

    @property
    def pattern(self) -> str:
        """The regular expression of :meth:`occur_in` in PostgreSQL's syntax."""
        return rf"(^|[^\w-])({'|'.join(map(re.escape, sorted((self.reference, *self.portfolios))))})($|[^\w-])"


@dataclass(frozen=True)
class ClientIdentifiers:
    """Identifiers of a client that are valid ``anywhere``, and those for each of the ``days`` with its data."""

    anywhere: Traces
    days: Mapping[Day, Traces]

    def is_named(self, day: Day, text: str) -> bool:
        """Return whether a text of a date names the client."""
        return self.days.get(day, self.anywhere).occur_in_day(text)


def _words(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w-])")
