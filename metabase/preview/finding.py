"""The finding of a chart: a sentence generated from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from metabase.model import Column, Question
from metabase.preview.athena import Answer, Cell
from metabase.preview.labels import distinct_labels, numbered
from metabase.preview.points import number, shared_columns
from metabase.preview.values import MINUS, short_name, text_of, with_unit

LONGEST_NAME = 40


def finding(question: Question, answer: Answer) -> str:
    """Return the values that all rows share (such as the quarter), then the sentence; "" if there is nothing to say."""
    if not answer.rows:
        return ""
    said = {"row": _leaders, "scatter": _relation, "line": _newest, "bar": _bars}.get(question.chart)
    sentence = said(question, answer.rows) if said else ""
    parts = [*_shared(question, answer), sentence or _highest(question, answer.rows)]
    return " · ".join(part for part in parts if part)


def _shared(question: Question, answer: Answer) -> list[str]:
    """Return columns that the chart does not draw and that have the same value in all rows."""
    shared = [] if question.chart == "table" else shared_columns(question, answer)
    return [f"{column.title} {text_of(column, answer.rows[0][column.name])}" for column in shared]


def _highest(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    """Return a sentence about the highest first measure, for charts without a better sentence."""
    if question.chart in ("table", "scalar", "trend"):
        return ""
    column = question.column(question.y[0])
    values = [number(row[column.name]) for row in rows]
    most = max((value for value in values if value is not None), default=None)
    if most is None:
        return f"{column.title}: no value is known"
    first, *others = (row for row, value in zip(rows, values, strict=True) if value == most)
    name = _name(question, first) + (f" ({_series(question, first)})" if question.series else "")
    also = f" and {len(others)} more" if others else ""
    return f"{column.title} is highest for {name}{also}: {with_unit(column, first[column.name])}"


def _series(question: Question, row: Mapping[str, Cell]) -> str:
    return text_of(question.column(question.series), row[question.series])


def _leaders(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    """Return a sentence about the first two rows, if the rows are sorted by the first measure; else ""."""
    column = question.column(question.y[0])
    values = [number(row[column.name]) or 0 for row in rows]
    if len(values) < 2 or values != sorted(values, reverse=True) or values[0] == values[1]:
        return ""
    first, second = rows[0], rows[1]
    names = numbered([text_of(question.column(question.x), row[question.x]) for row in (first, second)])
    labels = distinct_labels(names, LONGEST_NAME)
    return (
        f"{labels[names[0]]} leads with {with_unit(column, first[column.name])},"
        f" before {labels[names[1]]} with {text_of(column, second[column.name])}"
    )


def _bars(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    return "" if question.series or len(question.y) > 1 else _leaders(question, rows)


def _newest(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    """Return a sentence about the newest value and its change, within one series."""
    column = question.column(question.y[0])
    known = [row for row in rows if row[column.name] is not None]
    last = known[-1] if known else None
    if last is None or sum(row[question.x] == last[question.x] for row in known) > 1:
        return ""
    series_rows = [row for row in known if not question.series or row[question.series] == last[question.series]]
    text = f"{_name(question, last)}: {with_unit(column, last[column.name])}"
    if len(series_rows) < 2:
        return text
    before = series_rows[-2]
    return f"{text}, {change(column, before[column.name], last[column.name])} on {_name(question, before)}"


def change(column: Column, before: Cell, after: Cell) -> str:
    """Return the change from ``before`` to ``after``: ``+3.2%``, or in percentage points for shares."""
    old, new = Decimal(str(before)), Decimal(str(after))
    if column.format == "percent":
        return f"{_signed((new - old) * 100)} points"
    if old == 0:
        return f"from {text_of(column, before)}"
    return f"{_signed((new - old) / old * 100)}%"


def _signed(value: Decimal) -> str:
    rounded = f"{abs(value):,.1f}"
    sign = "±" if rounded == "0.0" else MINUS if value < 0 else "+"
    return f"{sign}{rounded}"


def _relation(question: Question, rows: Sequence[Mapping[str, Cell]]) -> str:
    """Return a sentence with Spearman's rank correlation."""
    pairs = [(x, y) for row in rows if (x := number(row[question.x])) is not None
             and (y := number(row[question.y[0]])) is not None]  # fmt: skip
    correlation = spearman([x for x, _ in pairs], [y for _, y in pairs])
    return f"{len(pairs)} points" + (
        "" if correlation is None else f", rank correlation (Spearman) {correlation:.2f}".replace("-", MINUS)
    )


def spearman(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Return the rank correlation of two equally long lists, with mean ranks for ties; None if either is constant."""
    if len(xs) < 3:
        return None
    a, b = _ranks(xs), _ranks(ys)
    mean = (len(xs) + 1) / 2
    both = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return both / spread**0.5 if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


def _name(question: Question, row: Mapping[str, Cell]) -> str:
    return short_name(text_of(question.column(question.x), row[question.x]), LONGEST_NAME)
