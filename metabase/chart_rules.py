"""Rules of each kind of chart: required and optional fields. A header that violates them is rejected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metabase.fields import Fields
from metabase.model import Question

MEASURES = ("integer", "decimal", "percent", "currency")
"""Formats of columns that can be drawn as a length, a height or a size."""


@dataclass(frozen=True)
class Rule:
    """Fields of a kind of chart: whether it has an ``x``, its number of measures (``least`` to ``most``), and other
    fields.
    """

    has_x: bool
    least: int
    most: int
    fields: frozenset[str] = frozenset()


AXES = frozenset({"series", "x_scale", "y_scale", "value_labels"})
RULES = {
    "bar": Rule(True, 1, 9, AXES | {"stack", "goal", "marks"}),
    "row": Rule(True, 1, 9, frozenset({"series", "value_labels", "stack"})),
    "line": Rule(True, 1, 9, AXES | {"goal", "marks"}),
    "area": Rule(True, 1, 9, AXES | {"stack", "goal", "marks"}),
    "combo": Rule(True, 2, 9, frozenset({"x_scale", "value_labels", "goal", "marks"})),
    "scatter": Rule(True, 1, 1, frozenset({"series", "size", "y_scale"})),
    "scalar": Rule(False, 1, 1),
    "trend": Rule(True, 1, 1, frozenset({"more_is"})),
    "table": Rule(False, 0, 0),
}
GIVEN: dict[str, Callable[[Question], bool]] = {
    "series": lambda question: bool(question.series),
    "size": lambda question: bool(question.size),
    "x_scale": lambda question: question.x_scale != "category",
    "y_scale": lambda question: question.y_scale != "linear",
    "stack": lambda question: question.stack != "none",
    "value_labels": lambda question: question.value_labels,
    "more_is": lambda question: bool(question.more_is),
    "goal": lambda question: question.goal is not None,
    "marks": lambda question: bool(question.marks),
}


def check_chart(question: Question, fields: Fields) -> None:
    """Raise DefinitionError, with file and line, if the header is not valid for its chart."""
    rule, chart = RULES[question.chart], question.chart
    if bool(question.x) != rule.has_x:
        raise fields.error("x", f"a {chart} chart needs an x" if rule.has_x else f"a {chart} chart takes no x")
    if not rule.least <= len(question.y) <= rule.most:
        wanted = str(rule.least) if rule.least == rule.most else f"{rule.least} to {rule.most}"
        raise fields.error("y", f"a {chart} chart takes {wanted} columns in y, not {len(question.y)}")
    for name, given in GIVEN.items():
        if given(question) and name not in rule.fields:
            raise fields.error(name, f"a {chart} chart takes no {name}", sorted(rule.fields))
    if chart == "trend" and not question.more_is:
        raise fields.error("more_is", "a trend chart needs more_is, so that a change can be good or bad news",
                           ("better", "worse"))  # fmt: skip
    if question.series and len(question.y) > 1:
        raise fields.error("series", f"series splits one measure, and y names {len(question.y)}")
    _check_named(question, fields)
    _check_looks(question, fields)
    if chart == "trend" and question.column(question.x).format != "date":
        raise fields.error("x", f"a trend chart compares dates, but x names {question.x!r}, which is not a date")


def _check_named(question: Question, fields: Fields) -> None:
    """Raise DefinitionError unless the columns of the chart are declared, and drawn ones are numbers with a unit."""
    declared = [column.name for column in question.columns]
    roles = [("x", question.x), ("series", question.series), ("size", question.size), *(("y", y) for y in question.y)]
    for role, name in roles:
        if name and name not in declared:
            raise fields.error(role, f"{role} names {name!r}, which is not a declared column", declared)
    drawn = [("y", name) for name in question.y] + ([("size", question.size)] if question.size else [])
    if question.chart == "scatter":
        drawn.append(("x", question.x))
    for role, name in drawn:
        column = question.column(name)
        if question.chart == "scalar" and column.format == "date":
            continue
        if column.format not in MEASURES:
            allowed = (*MEASURES, "date") if question.chart == "scalar" else MEASURES
            raise fields.error(role, f"{role} names {name!r}, whose format is {column.format!r}", allowed)
        if not (column.unit or column.format in ("percent", "currency")):
            raise fields.error(f"columns.{name}", f"column {name!r} is drawn and has no unit")


def _check_looks(question: Question, fields: Fields) -> None:
    """Raise DefinitionError for settings of a column that have an effect only in another kind of chart."""
    for column in question.columns:
        if question.chart != "combo" and (column.draw, column.axis) != ("bar", "left"):
            raise fields.error(f"columns.{column.name}", "draw and axis are only allowed in a combo chart")
        if question.chart != "table" and (column.bars or column.hidden):
            raise fields.error(f"columns.{column.name}", "bars and hidden are only allowed in a table")
