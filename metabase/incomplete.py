"""The warning on every page whose figures lack rows or files that were received."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from estrela.model.star import Star
from metabase.model import GRID, Card, Dashboard, Place, Question, Tab
from metabase.question_file import read_question

TITLE = "Not everything that was received is in these figures"
HEIGHT = 4
"""Height of the warning in rows. If nothing is missing it is hidden, and the cards below move up."""


def with_warnings(
    star: Star, dashboard: Dashboard, questions: Mapping[str, Question], template: str
) -> tuple[Dashboard, list[Question]]:
    """Return the dashboard with a warning on each tab that shows facts of the star, and the questions of the warnings.

    A mart counts as the facts that it uses. ``template`` is the text of a question in which ``{star}``, ``{title}`` and
    ``{tables}`` are replaced.
    """
    shown = [_facts(star, tab, questions) for tab in dashboard.tabs]
    warnings = [warning(star, facts, template) if facts else None for facts in shown]
    tabs = [_warned(tab, question) if question else tab for tab, question in zip(dashboard.tabs, warnings, strict=True)]
    return replace(dashboard, tabs=tuple(tabs)), [question for question in warnings if question]


def with_general_warning(star: Star, dashboard: Dashboard, template: str) -> tuple[Dashboard, list[Question]]:
    """Return the dashboard with a warning about all tables on its first tab, and the warning's question."""
    question = warning(star, [table.name for table in star.tables], template)
    first, *others = dashboard.tabs
    return replace(dashboard, tabs=(_warned(first, question), *others)), [question]


def warning(star: Star, tables: Collection[str], template: str) -> Question:
    """Return the question that lists the incomplete periods of ``tables``."""
    is_all = len(tables) == len(star.tables)
    name = "all tables" if is_all else ", ".join(sorted(tables))
    filled = {
        "star": star.name,
        "title": f"Not complete: {name}",
        "tables": ", ".join(f"'{table}'" for table in tables),
    }
    text = template
    for place, value in filled.items():
        text = text.replace(f"{{{place}}}", value)
    key = f"{star.name}_incomplete{'' if is_all else '_' + '_'.join(sorted(tables))}"
    return read_question(key, "operations/incomplete.sql", text)


def _facts(star: Star, tab: Tab, questions: Mapping[str, Question]) -> list[str]:
    """Return the names of the facts that the cards of a tab read, directly or through marts."""
    read = {name for card in tab.cards if card.question for name in _tables(star, questions[card.question].sql)}
    facts = {fact.name for mart in star.marts if mart.name in read for fact in mart.facts}
    return sorted(facts | {fact.name for fact in star.facts if fact.name in read})


def _tables(star: Star, sql: str) -> Iterator[str]:
    return (match[1] for match in re.finditer(rf"\b{star.name}\.(\w+)", sql))


def _warned(tab: Tab, question: Question) -> Tab:
    """Return the tab with the warning above its cards."""
    lowered = [replace(card, place=replace(card.place, row=card.place.row + HEIGHT)) for card in tab.cards]
    return replace(tab, cards=(*lowered, Card(Place(0, 0, GRID, HEIGHT), question.key, TITLE, hide_empty=True)))
