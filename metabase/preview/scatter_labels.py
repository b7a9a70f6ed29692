"""Labels of a scatter plot, from the highest points down, as long as no two labels overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metabase.model import Question
from metabase.preview.athena import Answer
from metabase.preview.labels import distinct_labels, numbered
from metabase.preview.points import Point
from metabase.preview.values import text_of

LETTER, LINE, GAP = 6.6, 15.0, 8.0
"""Pixels: width of a letter, height of a line, and gap between a point and its label."""
LONGEST = 26


@dataclass(frozen=True)
class Page:
    """A page's name, the plot's width and height in pixels, and the maximum number of labels."""

    name: str
    width: float
    height: float
    most: int


PAGES = (Page("wide", 1040, 330, 14), Page("narrow", 260, 240, 5))

Box = tuple[float, float, float, float]


def label_points(question: Question, answer: Answer, points: Sequence[Point]) -> None:
    """Set the ``name`` of each point, and per page the side of its label (``right``, ``left`` or none)."""
    naming = next((column for column in question.columns if column.format == "text"), None)
    names = numbered([text_of(naming, row[naming.name]) for row in answer.rows]) if naming else []
    labels = distinct_labels(names, LONGEST)
    for place, point in enumerate(points):
        point["name"] = labels[names[place]] if naming else ""
        point |= {page.name: "" for page in PAGES}
    drawn = [
        candidate
        for candidate in points
        if candidate["x"] is not None and candidate["y"] is not None and candidate["name"]
    ]
    for page in PAGES:
        _place(question, drawn, page)


def _place(question: Question, points: Sequence[Point], page: Page) -> None:
    if not points:
        return
    across = _scaled([point["x"] for point in points], page.width, log=False)
    up = _scaled([point["y"] for point in points], page.height, log=question.y_scale == "log")
    dots: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for x, y in zip(across, up, strict=True)]
    taken: list[Box] = []
    for place in sorted(range(len(points)), key=lambda index: -points[index]["y"]):
        if len(taken) == page.most:
            return
        length = LETTER * len(points[place]["name"])
        x, y = across[place], up[place]
        sides = {"right": (x + GAP, x + GAP + length), "left": (x - GAP - length, x - GAP)}
        others = [*taken, *(dot for number, dot in enumerate(dots) if number != place)]
        for side, (begin, end) in sides.items():
            box = (begin, y - LINE / 2, end, y + LINE / 2)
            if begin >= 0 and end <= page.width and not any(_overlap(box, other) for other in others):
                points[place][page.name] = side
                taken.append(box)
                break


def _scaled(values: Sequence[float], length: float, *, log: bool) -> list[float]:
    read = [math.log10(max(value, 1e-9)) for value in values] if log else list(values)
    low, high = min(read), max(read)
    return [(value - low) / ((high - low) or 1) * length for value in read]


def _overlap(box: Box, other: Box) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
