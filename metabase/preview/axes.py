"""The axes of a chart in Vega-Lite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metabase.preview.drawing import Drawing, Spec, literal
from metabase.preview.labels import distinct_labels
from metabase.preview.points import categories, points
from metabase.preview.values import axis_text

CATEGORY = 18
"""Maximum letters of a category on the axis below a chart."""
LABEL_LETTER, LABEL_LINE, PLOT = 7.0, 26, 240
"""Pixels: width of a letter of a label, height of a label, and size of a small plot."""


def category_axis(drawing: Drawing) -> Spec:
    """Return the axis of ``x``: categories in the order of the rows, or time."""
    question = drawing.question
    title = question.column(question.x).label
    if question.x_scale == "time":
        return {"field": "x", "type": "temporal", "axis": {"title": title, "grid": False}}
    domain = categories(question, drawing.answer)
    axis = {
        "title": title,
        "labelExpr": f"{literal(distinct_labels(domain, CATEGORY))}[datum.label]",
        "labelAngle": 0,
        "labelOverlap": "greedy",
        "labelSeparation": 12,
        "grid": False,
        "labelLimit": 120,
    }
    return {"field": "x", "type": "ordinal", "scale": {"type": "band", "domain": domain}, "axis": axis}


def measure_axis(drawing: Drawing, *, has_label_space: bool = False) -> Spec:
    """Return the axis of the measures; with ``has_label_space``, it leaves space for labels beyond the longest bar."""
    question = drawing.question
    column = question.column(question.y[0])
    units = {question.column(name).unit for name in question.y}
    title = column.label if len(question.y) == 1 else units.pop().capitalize() if len(units) == 1 else ""
    encoding: Spec = {"field": "y", "type": "quantitative"}
    axis: Spec = {"title": title, "labelExpr": axis_text(column), "tickCount": 5, "labelOverlap": True}
    if question.chart not in ("row", "combo"):
        axis |= {"titleAngle": 0, "titleAlign": "left", "titleBaseline": "bottom", "titleX": 0, "titleY": -6}
    if question.chart in ("row", "bar", "area"):
        encoding["stack"] = {"none": None, "stacked": "zero", "normalized": "normalize"}[question.stack]
    drawn = points(question, drawing.answer)
    values = [measure for point in drawn if (measure := point["y"]) is not None]
    if question.y_scale == "log":
        axis |= {"values": _log_ticks(values), "labelOverlap": False}
        encoding["scale"] = {"type": "log", "nice": False, "domain": _log_range(values)}
    elif has_label_space and values and max(values) > 0 <= min(values):
        longest = max(len(point["label"]) for point in drawn)
        share = longest * LABEL_LETTER / PLOT if question.chart == "row" else LABEL_LINE / PLOT
        encoding["scale"] = {"domainMax": max(values) * (1 + share)}
    return {**encoding, "axis": axis}


def _log_range(values: Sequence[float]) -> list[float]:
    """Return a range from slightly below the smallest to slightly above the largest positive value."""
    above = [value for value in values if value > 0] or [1]
    return [min(above) * 0.75, max(above) * 1.6]


def _log_ticks(values: Sequence[float]) -> list[float]:
    """Return the powers of ten within the range of ``values``, and three times each of them if there are few."""
    above = [value for value in values if value > 0]
    if not above:
        return []
    low, high = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
    steps = (1, 3) if high - low <= 4 else (1,)
    least, most = _log_range(above)
    ticks = (float(step * 10**power) for power in range(low, high + 1) for step in steps)
    return [tick for tick in ticks if least <= tick <= most]
