"""The filters of a dashboard that work without a database, and the cards that they switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from metabase.model import Dashboard
from metabase.preview.answered import Answered
from metabase.preview.cards import card_inner
from metabase.preview.choices import CardKey, switch_of
from metabase.preview.points import BANK

Switched = Mapping[tuple[CardKey, str], Answered]


def chart_id(key: CardKey, choice: str = "") -> str:
    """Return the id of a card's chart in the page, for a choice of its dashboard's first filter."""
    return f"{key[0]}-{key[1]}" + (f"@{choice}" if choice else "")


def filters_html(dashboard: Dashboard, choices: Sequence[str], answers: Mapping[CardKey, Answered]) -> str:
    """Return the filters above a dashboard: first those that work on the page, then those that need Metabase."""
    switch = switch_of(dashboard) if choices else None
    parts = []
    if switch:
        options = "".join(f"<option>{escape(choice)}</option>" for choice in choices)
        parts.append(_select(switch.title, "switch", f'<option value="">not chosen</option>{options}'))
    if any(BANK in answered.answer.columns for key, answered in answers.items() if key[0] == dashboard.key):
        parts.append(_select("Bank", "bank", '<option value="">all</option>'))
    others = [each.title for each in dashboard.filters if each is not switch and each.values_column != BANK]
    if others:
        parts.append(f'<p class="others">Also in Metabase: {escape(", ".join(others))}</p>')
    return f'<div class="filters" role="group" aria-label="Filters of {escape(dashboard.title)}">{"".join(parts)}</div>'


def templates_html(dashboard: Dashboard, switched: Switched) -> str:
    """Return the content of each card for each choice, hidden until it is selected."""
    cards = dict(enumerate(dashboard.cards))
    return "".join(
        f'<template data-card="{chart_id(key)}" data-choice="{escape(choice, quote=True)}">'
        f"{card_inner(cards[key[1]], answered, chart_id(key, choice))}</template>"
        for (key, choice), answered in switched.items()
        if key[0] == dashboard.key
    )


def _select(title: str, kind: str, options: str) -> str:
    return f'<label>{escape(title)} <select data-filter="{kind}">{options}</select></label>'
