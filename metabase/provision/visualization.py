"""A question's chart in Metabase's settings. They refer to output columns by name; Metabase does not check them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from metabase.model import Column, Question

DISPLAYS = {"trend": "smartscalar"}
"""Charts that have a different name in Metabase."""
SCALES = {"category": "ordinal", "time": "timeseries", "number": "linear"}
STYLES: dict[str, dict[str, Any]] = {
    "integer": {"number_style": "decimal", "decimals": 0},
    "decimal": {"number_style": "decimal", "decimals": 2},
    "percent": {"number_style": "percent", "decimals": 1},
    "currency": {"number_style": "currency", "currency": "BRL", "currency_style": "symbol", "decimals": 2},
}


def display(question: Question) -> str:
    """Return Metabase's name of the chart."""
    return DISPLAYS.get(question.chart, question.chart)


def settings(question: Question, colors: Mapping[str, str]) -> dict[str, Any]:
    """Return the question's ``visualization_settings``; ``colors`` are by name of a measure or value of a series."""
    columns = {json.dumps(["name", column.name]): _column(column) for column in question.columns}
    return {**_chart(question, colors), "column_settings": columns}


def _chart(question: Question, colors: Mapping[str, str]) -> dict[str, Any]:
    if question.chart == "table":
        return {"table.columns": [{"name": column.name, "enabled": not column.hidden} for column in question.columns]}
    if question.chart == "scalar":
        return {"scalar.field": question.y[0]}
    if question.chart == "trend":
        return {
            "scalar.field": question.y[0],
            "scalar.comparisons": [{"id": "previous", "type": "previousPeriod"}],
            "scalar.switch_positive_negative": question.more_is == "worse",
        }
    return {**_axes(question), "series_settings": _series_settings(question, colors)}


def _axes(question: Question) -> dict[str, Any]:
    axes: dict[str, Any] = {
        "graph.dimensions": [question.x, *([question.series] if question.series else [])],
        "graph.metrics": list(question.y),
        "graph.x_axis.title_text": question.column(question.x).label,
        "graph.y_axis.title_text": _measure(question),
        "graph.show_values": question.value_labels,
    }
    if question.chart == "scatter":
        axes["graph.x_axis.scale"] = "linear"
        axes["scatter.bubble"] = question.size or None
    elif question.chart != "row":
        axes["graph.x_axis.scale"] = SCALES[question.x_scale]
    if question.y_scale != "linear":
        axes["graph.y_axis.scale"] = question.y_scale
    if question.stack != "none":
        axes["stackable.stack_type"] = question.stack
    if question.goal:
        axes |= {
            "graph.show_goal": True,
            "graph.goal_value": question.goal.value,
            "graph.goal_label": question.goal.label,
        }
    if question.y_scale != "linear":
        axes["graph.y_axis.scale"] = question.y_scale
    return axes


def _measure(question: Question) -> str:
    """Return the title of the left axis: the measure, or the unit that several measures share."""
    drawn = [question.column(name) for name in question.y]
    left = [column for column in drawn if column.axis == "left"] or drawn
    units = {column.unit for column in left}
    return left[0].label if len(left) == 1 else units.pop() if len(units) == 1 else ""


def _series_settings(question: Question, colors: Mapping[str, str]) -> dict[str, Any]:
    """Return settings by measure, or by value if a column splits the measure, since only the answer has the values."""
    if question.series:
        columns = {column.name for column in question.columns}
        return {name: {"color": color} for name, color in colors.items() if name not in columns}
    return {name: _series(question, question.column(name), colors) for name in question.y}


def _series(question: Question, column: Column, colors: Mapping[str, str]) -> dict[str, Any]:
    series: dict[str, Any] = {"title": column.title}
    if column.name in colors:
        series["color"] = colors[column.name]
    if question.chart == "combo":
        series |= {"display": column.draw, "axis": column.axis}
    return series


def _column(column: Column) -> dict[str, Any]:
    formatting = {"column_title": column.title, **STYLES.get(column.format, {})}
    if column.decimals is not None:
        formatting["decimals"] = column.decimals
    if column.suffix:
        formatting["suffix"] = column.suffix
    if column.bars:
        formatting["show_mini_bar"] = True
    return formatting
