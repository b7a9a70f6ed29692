"""Choices of each dashboard's first filter, queried in advance so that a page without a database can switch them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from metabase.model import Card, Dashboard, Filter, Site
from metabase.preview.answered import Answered
from metabase.preview.athena import Answer

MOST = 8
"""Maximum number of queried choices per filter; of quarters, the newest two years."""

CardKey = tuple[str, int]
"""A dashboard's key, and the position of a card among its cards."""


class Database(Protocol):
    """A database that answers pairs of name and SQL."""

    def ask_all(self, queries: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Answer]:
        """Return the answer to each pair; raise QueryError for the first failure."""


def switch_of(dashboard: Dashboard) -> Filter | None:
    """Return the filter that the page can switch: the first one, if its choices are known."""
    first = next(iter(dashboard.filters), None)
    return first if first and (first.values or first.values_question) else None


def choices_of(site: Site, database: Database, most: int = MOST) -> dict[str, tuple[str, ...]]:
    """Return the choices of each dashboard that can be switched, in order. Raises QueryError."""
    switches = {dashboard.key: switch for dashboard in site.dashboards if (switch := switch_of(dashboard)) and most}
    asked = {key: _values_query(site, filter_) for key, filter_ in switches.items() if filter_.values_question}
    answers = database.ask_all(list(asked.values()))
    choices = {key: filter_.values for key, filter_ in switches.items() if filter_.values}
    for key, query in asked.items():
        column = switches[key].values_column
        values = (str(row[column]) for row in answers[query].rows if row[column] is not None)
        choices[key] = tuple(dict.fromkeys(values))
    return {key: values[:most] for key, values in choices.items()}


def answer_choices(
    site: Site, database: Database, choices: Mapping[str, Sequence[str]]
) -> dict[tuple[CardKey, str], Answered]:
    """Return the answers of the cards that a dashboard's first filter affects, per choice. Raises QueryError."""
    asked: dict[tuple[CardKey, str], tuple[str, str]] = {}
    cards: dict[CardKey, Card] = {}
    for dashboard in site.dashboards:
        switch = switch_of(dashboard)
        for place, card in enumerate(dashboard.cards):
            if switch is None or switch.key not in card.wiring:
                continue
            cards[dashboard.key, place] = card
            question = site.question(card.question)
            for choice in choices.get(dashboard.key, ()):
                values = {**dashboard.defaults(card), card.wiring[switch.key]: choice}
                asked[(dashboard.key, place), choice] = (question.file, question.query(values))
    answers = database.ask_all(list(asked.values()))
    return {
        key: Answered(site.question(cards[key[0]].question), answers[query], site.colors)
        for key, query in asked.items()
    }


def _values_query(site: Site, filter_: Filter) -> tuple[str, str]:
    question = site.question(filter_.values_question)
    return question.file, question.query({})
