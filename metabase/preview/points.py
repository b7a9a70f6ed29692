"""Rows of an answer as the points of a chart: one for each row and measure, with its texts ready to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from metabase.model import Column, Question
from metabase.preview.athena import Answer, Cell
from metabase.preview.values import text_of

Point = dict[str, Any]
"""``x``, ``y`` as drawn; ``row`` its place in the answer; ``s`` the series and ``rank`` its place among them;
``label`` the value's text; ``t0``, ``t1``, ... the texts of a tooltip."""


def points(question: Question, answer: Answer) -> list[Point]:
    """The points in the order of the rows; those of one row in the order of the measures."""
    ranks = {name: rank for rank, name in enumerate(series(question, answer))}
    found = [
        {"row": place, **_point(question, row, question.column(name))}
        for place, row in enumerate(answer.rows)
        for name in question.y
    ]
    return [{"rank": ranks[point["s"]], **point} for point in found]


def series(question: Question, answer: Answer) -> tuple[str, ...]:
    """What the points are split by, in order of appearance: the measures, or the values of the series column."""
    if not question.series:
        return question.y
    return tuple(dict.fromkeys(_text(row[question.series]) for row in answer.rows))


def series_title(question: Question, name: str) -> str:
    """How a legend calls a member of ``series``."""
    return name if question.series else question.column(name).title


def categories(question: Question, answer: Answer) -> list[str]:
    """The values on the axis of ``x``, each once, in the order of the rows."""
    column = question.column(question.x)
    return list(dict.fromkeys(text_of(column, row[question.x]) for row in answer.rows))


def tooltip(question: Question) -> list[dict[str, str]]:
    """The Vega-Lite tooltip: every column under its title."""
    shown = _shown(question)
    return [{"field": f"t{place}", "title": one.label, "type": "nominal"} for place, one in enumerate(shown)]


def number(value: Cell) -> float | int | None:
    """``value`` as JSON has numbers; None if it is none."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float) else None


def _point(question: Question, row: Mapping[str, Cell], measure: Column) -> Point:
    x, value = question.column(question.x), row[measure.name]
    return {
        "x": number(row[x.name]) if question.chart == "scatter" else text_of(x, row[x.name]),
        "y": number(value),
        "s": _text(row[question.series]) if question.series else measure.name,
        "label": text_of(measure, value),
        **({"size": number(row[question.size])} if question.size else {}),
        **{f"t{place}": text_of(one, row[one.name]) for place, one in enumerate(_shown(question))},
    }


def _shown(question: Question) -> Sequence[Column]:
    return [one for one in question.columns if not one.hidden]


def _text(value: Cell) -> str:
    return "not known" if value is None else str(value)
