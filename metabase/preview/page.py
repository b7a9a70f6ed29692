"""The page: every dashboard, its cards on the grid, and all scripts, in one file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from pathlib import Path

import vl_convert

from metabase.model import Card, Dashboard, Place, Site, Tab
from metabase.preview.answered import Answered, scanned_bytes
from metabase.preview.cards import card_html
from metabase.preview.choices import CardKey
from metabase.preview.filters import Switched, chart_id, filters_html, templates_html
from metabase.preview.values import bytes_text, with_unit

HERE = Path(__file__).parent
POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the page loads nothing. Vega compiles its expressions, which requires unsafe-eval."""


@dataclass(frozen=True)
class Page:
    """Content of the page: the site, the answers by card, the tile with the data's age, and the time of the queries.

    The ``choices`` of each dashboard's first filter switch its cards to the answers in ``switched``.
    """

    site: Site
    answers: Mapping[CardKey, Answered]
    freshness: Answered | None
    asked_at: datetime
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    switched: Switched = field(default_factory=dict)

    def html(self) -> str:
        """Return the whole page."""
        sections = "".join(self._dashboard(dashboard) for dashboard in self._ordered())
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{escape(self.site.collection)}: dashboards</title><style>{_asset('page.css')}</style></head>"
            f'<body data-prefix="{"invented-data_" if self.site.note else ""}">'
            f"{self.header()}<main>{sections}</main>"
            f'<script type="application/json" id="charts">{self._charts()}</script>'
            f"<script>{_program()}</script></body></html>\n"
        )

    def _ordered(self) -> list[Dashboard]:
        """Return the dashboards, the home page first."""
        return sorted(
            self.site.dashboards, key=lambda dashboard: (dashboard.key != self.site.homepage, dashboard.title)
        )

    def header(self) -> str:
        """Return the header, which remains visible while scrolling: links to the dashboards, the data's age, the site's
        note.
        """
        links = "".join(f'<a href="#{dashboard.key}">{escape(dashboard.title)}</a>' for dashboard in self._ordered())
        note = f'<p class="note">{escape(self.site.note)}</p>' if self.site.note else ""
        title = f"<div><h1>{escape(self.site.collection)}</h1><nav>{links}</nav></div>"
        return f'<header class="top">{title}<p>{self._facts()}</p>{note}</header>'

    def _facts(self) -> str:
        scanned = scanned_bytes(self.answers.values())
        service = "PostgreSQL" if scanned is None else "Athena"
        facts = [f"{len(self.answers)} questions answered by {service} on {self.asked_at:%Y-%m-%d at %H:%M} UTC"]
        if scanned is not None:
            facts.append(f"{bytes_text(scanned)} scanned")
        if self.freshness and self.freshness.answer.rows:
            question = self.freshness.question
            column = question.column(question.y[0])
            facts.insert(0, f"{question.title}: {with_unit(column, self.freshness.answer.rows[-1][column.name])}")
        return escape(" · ".join(facts))

    def _dashboard(self, dashboard: Dashboard) -> str:
        numbered = iter(range(sum(1 for _ in dashboard.cards)))
        tabs = "".join(self._tab(dashboard, tab, numbered) for tab in dashboard.tabs)
        title = f'<h2>{escape(dashboard.title)}</h2><p class="about">{escape(dashboard.about)}</p>'
        filters = filters_html(dashboard, self.choices.get(dashboard.key, ()), self.answers)
        hidden = templates_html(dashboard, self.switched)
        return f'<section class="dashboard" id="{dashboard.key}">{title}{filters}{tabs}{hidden}</section>'

    def _tab(self, dashboard: Dashboard, tab: Tab, numbered: Iterator[int]) -> str:
        keyed = [((dashboard.key, next(numbered)), card) for card in tab.cards]
        keyed = _without_hidden(keyed, self.answers)
        keyed.sort(key=lambda pair: (pair[1].place.row, pair[1].place.col))
        cards = "".join(card_html(card, self.answers.get(key), chart_id(key)) for key, card in keyed)
        title = f'<h3 class="tab">{escape(tab.title)}</h3>' if len(dashboard.tabs) > 1 else ""
        return f'<section class="sheet">{title}<div class="grid">{cards}</div></section>'

    def _charts(self) -> str:
        """Return specs and points by card, as JSON in which no text can end the script element."""
        shown = {chart_id(key): answered for key, answered in self.answers.items()}
        shown |= {chart_id(*key): answered for key, answered in self.switched.items()}
        charts = {
            name: {"points": answered.chart.points, "wide": answered.chart.wide, "narrow": answered.chart.narrow}
            for name, answered in shown.items()
            if answered.question.chart not in ("scalar", "trend", "table") and answered.answer.rows
        }
        return json.dumps(charts, ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def question_cards(site: Site) -> dict[CardKey, Card]:
    """Return the cards that show a question, by dashboard and position."""
    placed = (
        ((dashboard.key, place), card) for dashboard in site.dashboards for place, card in enumerate(dashboard.cards)
    )
    return {key: card for key, card in placed if card.question}


def _without_hidden(
    cards: Sequence[tuple[CardKey, Card]], answers: Mapping[CardKey, Answered]
) -> list[tuple[CardKey, Card]]:
    """Return the visible cards of a tab; cards below a hidden one, which is as wide as the grid, move up."""
    hidden = [card.place for key, card in cards if card.hide_empty and not answers[key].answer.rows]
    return [
        (key, replace(card, place=replace(card.place, row=card.place.row - _above(card.place, hidden))))
        for key, card in cards
        if card.place not in hidden
    ]


def _above(place: Place, hidden: Sequence[Place]) -> int:
    return sum(other.height for other in hidden if other.row < place.row)


def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _program() -> str:
    """Return the page's own script with Vega, Vega-Lite and Vega-Embed, with every ``</script>`` in them escaped."""
    return vl_convert.javascript_bundle(_asset("page.js")).replace("</script", "<\\/script")
