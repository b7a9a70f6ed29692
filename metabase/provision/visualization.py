"""A question's chart in Metabase's words. Settings name output columns; Metabase checks none of them."""

from __future__ import annotations

import json
from typing import Any

from metabase.model import Column, Question

DISPLAYS = {"trend": "smartscalar"}
"""Charts that Metabase calls otherwise."""
SCALES = {"category": "ordinal", "time": "timeseries", "number": "linear"}
STYLES: dict[str, dict[str, Any]] = {
    "integer": {"number_style": "decimal", "decimals": 0},
    "decimal": {"number_style": "decimal", "decimals": 2},
    "percent": {"number_style": "percent", "decimals": 1},
    "currency": {"number_style": "currency", "currency": "BRL", "currency_style": "symbol", "decimals": 2},
}


def display(question: Question) -> str:
    """Metabase's name of the chart."""
    return DISPLAYS.get(question.chart, question.chart)


def settings(question: Question) -> dict[str, Any]:
    """The question's ``visualization_settings``."""
    columns = {json.dumps(["name", one.name]): _column(one) for one in question.columns}
    return {**_chart(question), "column_settings": columns}


def _chart(question: Question) -> dict[str, Any]:
    if question.chart == "table":
        return {"table.columns": [{"name": one.name, "enabled": not one.hidden} for one in question.columns]}
    if question.chart == "scalar":
        return {"scalar.field": question.y[0]}
    if question.chart == "trend":
        return {
            "scalar.field": question.y[0],
            "scalar.comparisons": [{"id": "previous", "type": "previousPeriod"}],
            "scalar.switch_positive_negative": question.more_is == "worse",
        }
    return _axes(question)


def _axes(question: Question) -> dict[str, Any]:
    found: dict[str, Any] = {
        "graph.dimensions": [question.x, *([question.series] if question.series else [])],
        "graph.metrics": list(question.y),
        "graph.x_axis.title_text": question.column(question.x).label,
        "graph.y_axis.title_text": _measure(question),
        "graph.show_values": question.value_labels,
    }
    if question.chart == "scatter":
        found["graph.x_axis.scale"] = "linear"
        found["scatter.bubble"] = question.size or None
    elif question.chart != "row":
        found["graph.x_axis.scale"] = SCALES[question.x_scale]
    if question.y_scale != "linear":
        found["graph.y_axis.scale"] = question.y_scale
    if question.stack != "none":
        found["stackable.stack_type"] = question.stack
    if question.goal:
        found |= {
            "graph.show_goal": True,
            "graph.goal_value": question.goal.value,
            "graph.goal_label": question.goal.label,
        }
    if not question.series:
        found["series_settings"] = {name: _series(question, question.column(name)) for name in question.y}
    return found


def _measure(question: Question) -> str:
    """The title of the left axis: the measure, or the unit that several of them share."""
    drawn = [question.column(name) for name in question.y]
    left = [one for one in drawn if one.axis == "left"] or drawn
    units = {one.unit for one in left}
    return left[0].label if len(left) == 1 else units.pop() if len(units) == 1 else ""


def _series(question: Question, column: Column) -> dict[str, Any]:
    if question.chart != "combo":
        return {"title": column.title}
    return {"title": column.title, "display": column.draw, "axis": column.axis}


def _column(column: Column) -> dict[str, Any]:
    found = {"column_title": column.title, **STYLES.get(column.format, {})}
    if column.decimals is not None:
        found["decimals"] = column.decimals
    if column.suffix:
        found["suffix"] = column.suffix
    if column.bars:
        found["show_mini_bar"] = True
    return found
