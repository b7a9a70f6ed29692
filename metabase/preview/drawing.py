"""The input of a chart: the question, its answer and the colours of its series."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metabase.model import Question
from metabase.preview.athena import Answer
from metabase.preview.points import series, series_title

Spec = dict[str, Any]

OTHER_COLORS = ("#3b7dd8", "#d9622b", "#2f9e6e", "#8a63d2", "#b5801b", "#1793a5", "#c4527f", "#7d8998")
"""Colours for series without a declared colour."""


@dataclass(frozen=True)
class Drawing:
    """The input of all builders: the question, its answer, and the colour of each series."""

    question: Question
    answer: Answer
    colors: Mapping[str, str]

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the measures or values that each have a colour."""
        return series(self.question, self.answer)

    def color(self) -> Spec:
        """Return the colour channel: a single colour, or a scale with a legend."""
        names = self.series
        chosen = [self.colors.get(name, OTHER_COLORS[place % len(OTHER_COLORS)]) for place, name in enumerate(names)]
        if len(names) == 1 and not self.question.series:
            return {"value": chosen[0]}
        titles = {name: series_title(self.question, name) for name in names}
        title = self.question.column(self.question.series).title if self.question.series else None
        scale = {"domain": list(titles), "range": chosen}
        offset = 10 if self.question.chart == "row" else 24
        legend = {"orient": "top", "offset": offset, "title": title, "labelExpr": f"{literal(titles)}[datum.label]"}
        return {"field": "s", "type": "nominal", "scale": scale, "legend": legend}


def literal(value: object) -> str:
    """Return ``value`` as a literal of a Vega expression."""
    return json.dumps(value, ensure_ascii=True)
