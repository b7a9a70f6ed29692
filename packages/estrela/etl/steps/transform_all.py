"""The transform step of several sources: one whose data is refused holds back only itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import EstrelaError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.steps.transform import TransformSource


@dataclass(frozen=True)
class Outcome:
    """Sums of the sources' numbers, and the sources whose data was refused, with the reasons."""

    totals: Mapping[str, int]
    held_back: Mapping[str, str]


@dataclass(frozen=True)
class TransformAll(ETLBase):
    """Transform sources one after the other.

    A source that fails for good keeps its published rows, and the tables that need it are built from them. A fault that
    may pass ends the step, which is then tried again as a whole.
    """

    name: str
    steps: Sequence[TransformSource]

    def run(self) -> Figures:
        """Transform; report the sums of the sources' numbers, and the refused ones. Raises retriable errors."""
        outcome = self.transform()
        return {"entity": self.name, **outcome.totals, "held_back": dict(outcome.held_back)}

    def transform(self) -> Outcome:
        """Transform every source. Raises retriable errors."""
        totals: Counter[str] = Counter()
        held_back: dict[str, str] = {}
        for step in self.steps:
            try:
                figures = step.execute()
            except EstrelaError as error:
                if error.retriable:
                    raise
                step.hold_back()
                held_back[step.source.name] = str(error)
                self.log.event("held back", source=step.source.name, reason=str(error))
            else:
                totals.update({name: value for name, value in figures.items() if isinstance(value, int)})
        return Outcome(totals, held_back)
