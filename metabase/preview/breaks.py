"""Lines across a chart: its goal, and the breaks of its series."""

from __future__ import annotations

from textwrap import wrap

from metabase.model import Question
from metabase.preview.drawing import Drawing, Spec
from metabase.preview.points import categories

LINE = 22
"""Letters per line of a note, so that it fits next to a break on a narrow page."""


def goal(question: Question) -> list[Spec]:
    """Return a dashed line at the goal, and its label."""
    if question.goal is None:
        return []
    at = {"y": {"datum": question.goal.value}}
    text = {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "text": question.goal.label}
    return [
        {"data": {"values": [{}]}, "mark": {"type": "rule", "strokeDash": [6, 4]}, "encoding": at},
        {"data": {"values": [{}]}, "mark": {**text}, "encoding": {**at, "x": {"value": 0}}},
    ]


def marks(drawing: Drawing) -> list[Spec]:
    """Return a dashed line before each break within the chart's range, and its label."""
    question, shown = drawing.question, categories(drawing.question, drawing.answer)
    layers: list[Spec] = []
    for mark in question.marks:
        if mark.x not in shown or mark.x == shown[0]:
            continue
        kind = "temporal" if question.x_scale == "time" else "ordinal"
        at = {"x": {"datum": mark.x, "type": kind, **({} if kind == "temporal" else {"bandPosition": 0})}}
        right = shown.index(mark.x) > len(shown) / 2
        side = {"align": "right", "dx": -6} if right else {"align": "left", "dx": 6}
        text = {"type": "text", "baseline": "top", "lineHeight": 14, "text": wrap(f"{mark.x}: {mark.text}", LINE)}
        layers += [
            {"data": {"values": [{}]}, "mark": {"type": "rule", "strokeDash": [5, 4]}, "encoding": at},
            {"data": {"values": [{}]}, "mark": {**text, **side}, "encoding": {**at, "y": {"value": 2}}},
        ]
    return layers
