"""A question's chart in Vega-Lite, for a wide and for a narrow page.

Colours that depend on light or dark mode are set by the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metabase.model import Question
from metabase.preview.athena import Answer
from metabase.preview.axes import category_axis, measure_axis
from metabase.preview.breaks import goal, marks
from metabase.preview.drawing import Drawing, Spec, literal
from metabase.preview.labels import distinct_labels
from metabase.preview.points import Point, categories, points, tooltip
from metabase.preview.scatter_labels import label_points
from metabase.preview.values import axis_text

NARROW_ROW, WIDE_ROW = 46, 30
NARROW_HEIGHT, LEAST_HEIGHT = 320, 220
NARROW_NAME, WIDE_NAME = 40, 30
"""Maximum letters of a name above a bar on a narrow page, and next to a bar on a wide page."""
NAME_ABOVE = {"align": "left", "baseline": "bottom", "dy": -11, "dx": 1, "limit": {"expr": "width"}}


@dataclass(frozen=True)
class Chart:
    """Points and two specs without data; heights in pixels: that of a narrow page, and the minimum for a wide one."""

    points: list[Point]
    wide: Spec
    narrow: Spec
    narrow_height: int
    least_height: int


def chart(question: Question, answer: Answer, colors: Mapping[str, str]) -> Chart:
    """Return the chart of an answer with rows. Raises KeyError if a declared column is not in the answer."""
    return _narrowed(_chart(Drawing(question, answer, colors)))


def _chart(drawing: Drawing) -> Chart:
    question, answer = drawing.question, drawing.answer
    drawn = points(question, answer)
    if question.chart == "row":
        count = len(categories(question, answer))
        wide, narrow = _rows(drawing, narrow=False), _rows(drawing, narrow=True)
        return Chart(drawn, wide, narrow, count * NARROW_ROW + 70, count * WIDE_ROW + 60)
    if question.chart == "scatter":
        label_points(question, answer, drawn)
        wide, narrow = _scatter(drawing, "wide"), _scatter(drawing, "narrow")
        return Chart(drawn, wide, narrow, NARROW_HEIGHT + 60, 380)
    spec = _columns(drawing)
    return Chart(drawn, spec, spec, NARROW_HEIGHT, LEAST_HEIGHT)


def _narrowed(plot: Chart) -> Chart:
    """Return the chart with a parameter ``bank`` that fades the marks of all other banks, if its points have banks."""
    if not plot.points or "bank" not in plot.points[0]:
        return plot
    chosen = {"condition": {"test": "bank === '' || datum.bank === bank", "value": 1}, "value": 0.18}
    for spec in (plot.wide, plot.narrow):
        spec["params"] = [{"name": "bank", "value": ""}]
        spec["layer"][0]["encoding"]["opacity"] = chosen
    return plot


def _rows(drawing: Drawing, *, narrow: bool) -> Spec:
    """Return horizontal bars; on a narrow page, the names are above the bars, where they have enough space."""
    question, names = drawing.question, categories(drawing.question, drawing.answer)
    short = distinct_labels(names, NARROW_NAME if narrow else WIDE_NAME)
    labels: Spec = {"labels": False} if narrow else {"labelExpr": f"{literal(short)}[datum.label]"}
    y = {
        "field": "x",
        "type": "nominal",
        "scale": {"domain": names, "paddingInner": 0.6 if narrow else 0.32, "paddingOuter": 0.4 if narrow else 0.2},
        "axis": {"title": None, "ticks": False, "domain": False, "grid": False, **labels},
    }
    bar: Spec = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {"color": drawing.color()}}
    several = len(drawing.series) > 1
    if several and question.stack == "none":
        bar["encoding"]["yOffset"] = {"field": "s", "sort": list(drawing.series)}
    layers = [bar]
    if question.value_labels and not several:
        layers.append(_text_layer({"align": "left", "dx": 5}, "label"))
    if narrow:
        named = _text_layer(NAME_ABOVE, "name", {"value": 0}, "datum.rank === 0")
        named["transform"].append({"calculate": f"{literal(short)}[datum.x]", "as": "name"})
        layers.append(named)
    measure = measure_axis(drawing, has_label_space=question.value_labels and not several)
    encoding = {"x": measure, "y": y, "order": _order(drawing), "tooltip": tooltip(question, drawing.answer)}
    return _spec(layers, encoding)


def _columns(drawing: Drawing) -> Spec:
    """Return bars, lines or areas over categories or time, with goal and breaks."""
    question = drawing.question
    layers = _combined(drawing) if question.chart == "combo" else [_shape(drawing, question.chart)]
    has_labels = question.value_labels and question.stack == "none" and len(drawing.series) == 1
    if has_labels:
        layers.append(_text_layer({"baseline": "bottom", "dy": -5}, "label"))
    encoding = {"x": category_axis(drawing), "tooltip": tooltip(question, drawing.answer)}
    if question.chart != "combo":
        encoding |= {"y": measure_axis(drawing, has_label_space=has_labels), "order": _order(drawing)}
        layers[0].setdefault("encoding", {})["color"] = drawing.color()
    spec = _spec(layers, encoding, [*goal(question), *marks(drawing)])
    if any(question.column(name).axis == "right" for name in question.y):
        spec["resolve"] = {"scale": {"y": "independent"}}
    return spec


def _shape(drawing: Drawing, kind: str) -> Spec:
    marks: dict[str, Spec] = {
        "bar": {"type": "bar", "cornerRadiusEnd": 2, "width": {"band": 0.72}},
        "line": {"type": "line", "strokeWidth": 2.5, "point": {"size": 42, "filled": True}},
        "area": {"type": "area", "opacity": 1, "line": True},
    }
    if kind == "bar" and len(drawing.series) > 1 and drawing.question.stack == "none":
        offset = {"xOffset": {"field": "s", "sort": list(drawing.series)}}
        return {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": offset}
    return {"mark": marks[kind]}


def _combined(drawing: Drawing) -> list[Spec]:
    """Return a layer for each measure of a combo chart, each with its own axis on the left or right."""
    question, layers = drawing.question, []
    for name in question.y:
        column = question.column(name)
        side = {"orient": column.axis, "title": column.label, "labelExpr": axis_text(column)}
        y = {"field": "y", "type": "quantitative", "stack": None, "axis": side}
        encoding = {"y": y, "color": drawing.color()}
        picked = [{"filter": f"datum.s === {literal(name)}"}]
        layers.append({**_shape_of(column.draw), "transform": picked, "encoding": encoding})
    return layers


def _shape_of(kind: str) -> Spec:
    return {"mark": {"type": kind, **({"point": True} if kind == "line" else {})}}


def _scatter(drawing: Drawing, page: str) -> Spec:
    question = drawing.question
    x = question.column(question.x)
    encoding = {
        "x": {
            "field": "x",
            "type": "quantitative",
            "scale": {"zero": False, "nice": True},
            "axis": {"title": x.label, "labelExpr": axis_text(x), "tickCount": 6},
        },
        "y": measure_axis(drawing),
        "tooltip": tooltip(question, drawing.answer),
    }
    dots: Spec = {"mark": {"type": "circle", "opacity": 1, "size": 70}, "encoding": {"color": drawing.color()}}
    if question.size:
        size = {"field": "size", "type": "quantitative", "legend": None, "scale": {"range": [30, 700]}}
        dots["encoding"]["size"] = size
    names = [
        _text_layer({"align": align, "dx": dx, "fontSize": 11, "limit": 190}, "name", kept=f"datum.{page} === '{side}'")
        for side, align, dx in (("right", "left", 8), ("left", "right", -8))
    ]
    return _spec([dots, *names], encoding)


def _order(drawing: Drawing) -> Spec:
    """Return the drawing order: stacks in the order of the series, not of their names; lines in that of the rows."""
    return {"field": "row" if drawing.question.chart == "line" else "rank", "type": "quantitative"}


def _text_layer(mark: Spec, field: str, x: Spec | None = None, kept: str = "") -> Spec:
    encoding: Spec = {"text": {"field": field, "type": "nominal"}}
    if x:
        encoding["x"] = x
    layer: Spec = {"mark": {"type": "text", **mark}, "encoding": encoding}
    return {**layer, "transform": [{"filter": kept}]} if kept else layer


def _spec(layers: list[Spec], encoding: Spec, notes: Sequence[Spec] = ()) -> Spec:
    """Return a spec in which ``layers`` share ``encoding``, and ``notes`` have their own data and encoding."""
    fit = {"type": "fit", "contains": "padding"}
    drawn = {"encoding": encoding, "layer": layers}
    return {"width": "container", "height": "container", "autosize": fit, "layer": [drawn, *notes]}
