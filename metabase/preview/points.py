"""Rows of an answer as the points of a chart: one per row and measure, with formatted texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from metabase.model import Column, Question
from metabase.preview.athena import Answer, Cell
from metabase.preview.labels import numbered
from metabase.preview.values import text_of

BANK = "institution_name"
"""The column by which a page can highlight one bank."""

Point = dict[str, Any]
"""``x``, ``y`` as drawn; ``row`` the position in the answer; ``s`` the series and ``rank`` its position among them;
``bank`` the row's bank, if it has one; ``label`` the value's text; ``t0``, ``t1``, ... the texts of a tooltip.
"""


def points(question: Question, answer: Answer) -> list[Point]:
    """Return the points in the order of the rows, and within a row in the order of the measures."""
    ranks = {name: rank for rank, name in enumerate(series(question, answer))}
    shown, names = _shown(question, answer), row_names(question, answer)
    unranked = [
        {"row": place, **_point(question, row, question.column(name), shown), **_place(question, row, names[place])}
        for place, row in enumerate(answer.rows)
        for name in question.y
    ]
    return [{"rank": ranks[point["s"]], **point} for point in unranked]


def series(question: Question, answer: Answer) -> tuple[str, ...]:
    """Return the series in order of appearance: the measures, or the values of the series column."""
    if not question.series:
        return question.y
    return tuple(dict.fromkeys(_text(row[question.series]) for row in answer.rows))


def series_title(question: Question, name: str) -> str:
    """Return the name of a ``series`` for a legend."""
    return name if question.series else question.column(name).title


def categories(question: Question, answer: Answer) -> list[str]:
    """Return the distinct values on the axis of ``x``, in the order of the rows."""
    return list(dict.fromkeys(row_names(question, answer)))


def row_names(question: Question, answer: Answer) -> list[str]:
    """Return the text of ``x`` in each row; rows of a row chart are distinct, even if they have the same name."""
    column = question.column(question.x)
    names = [text_of(column, row[question.x]) for row in answer.rows]
    return numbered(names) if question.chart == "row" and not question.series else names


def shared_columns(question: Question, answer: Answer) -> list[Column]:
    """Return columns that are not drawn and have the same value in all rows, so they describe the whole chart."""
    drawn = {question.x, question.series, question.size, *question.y}
    free = [column for column in question.columns if column.name not in drawn and len(answer.rows) > 1]
    return [column for column in free if len({row[column.name] for row in answer.rows}) == 1]


def tooltip(question: Question, answer: Answer) -> list[dict[str, str]]:
    """Return the Vega-Lite tooltip: the title and value of every column of the row that is not shared."""
    shown = _shown(question, answer)
    return [{"field": f"t{place}", "title": column.label, "type": "nominal"} for place, column in enumerate(shown)]


def number(value: Cell) -> float | int | None:
    """Return ``value`` as a JSON number; None if it is not a number."""
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, int | float) else None


def _place(question: Question, row: Mapping[str, Cell], name: str) -> Point:
    return {"x": number(row[question.x]) if question.chart == "scatter" else name}


def _point(question: Question, row: Mapping[str, Cell], measure: Column, shown: Sequence[Column]) -> Point:
    value = row[measure.name]
    return {
        "y": number(value),
        "s": _text(row[question.series]) if question.series else measure.name,
        "label": text_of(measure, value),
        **({"size": number(row[question.size])} if question.size else {}),
        **({"bank": _text(row[BANK])} if BANK in row else {}),
        **{f"t{place}": text_of(column, row[column.name]) for place, column in enumerate(shown)},
    }


def _shown(question: Question, answer: Answer) -> Sequence[Column]:
    shared = {column.name for column in shared_columns(question, answer)}
    return [column for column in question.columns if not column.hidden and column.name not in shared]


def _text(value: Cell) -> str:
    return "not known" if value is None else str(value)
