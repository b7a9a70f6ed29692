"""The whole preview: run every query once, and write the page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from metabase.model import Site
from metabase.preview.answered import Answered, scanned_bytes
from metabase.preview.athena import Athena
from metabase.preview.choices import MOST, CardKey, answer_choices, choices_of
from metabase.preview.one_release import of_one_release
from metabase.preview.page import Page, question_cards
from metabase.preview.postgres import Postgres


@dataclass(frozen=True)
class Preview:
    """The written page: its path, the number of cards with questions, questions without rows, bytes scanned or None."""

    path: Path
    cards: int
    empty: tuple[str, ...]
    scanned_bytes: int | None


def preview(site: Site, database: Athena | Postgres, out: Path, most: int = MOST) -> Preview:
    """Write every dashboard of ``site``, with all filters at their defaults, to the single HTML file ``out``.

    The page can switch the first filter of a dashboard to ``most`` choices, which are asked too. All answers are of one
    release.

    Raises QueryError if the database does not answer a question; ``out`` is then unchanged.
    """

    def ask() -> tuple[dict[CardKey, Answered], dict[str, tuple[str, ...]], dict[tuple[CardKey, str], Answered]]:
        choices = choices_of(site, database, most)
        return answer_cards(site, database), choices, answer_choices(site, database, choices)

    answers, choices, switched = of_one_release(site.star, database, ask)
    freshness = next((answered for answered in answers.values() if answered.question.key == site.freshness), None)
    _write(out, Page(site, answers, freshness, datetime.now(UTC), choices, switched).html())
    cards = question_cards(site)
    empty = sorted(
        {
            cards[key].question
            for key, answered in answers.items()
            if not answered.answer.rows and not cards[key].hide_empty
        }
    )
    return Preview(
        out,
        len(answers),
        tuple(empty),
        scanned_bytes([*answers.values(), *switched.values()]),
    )


def answer_cards(site: Site, database: Athena | Postgres) -> dict[CardKey, Answered]:
    """Return the answers of all cards; cards with the same query share it. Raises QueryError."""
    cards = question_cards(site)
    defaults = {
        key: dashboard.defaults(cards[key]) for dashboard in site.dashboards for key in cards if key[0] == dashboard.key
    }
    questions = {key: site.question(card.question) for key, card in cards.items()}
    asked = {key: (questions[key].file, questions[key].query(defaults[key])) for key in cards}
    answers = database.ask_all(asked.values())
    return {key: Answered(questions[key], answers[asked[key]], site.colors) for key in cards}


def _write(out: Path, text: str) -> None:
    """Write the file atomically, so that a reader never sees a part of it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=out.parent, suffix=".html", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(out)
