"""The transform step of several sources: one whose data is refused holds back only itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from estrela.errors import EstrelaError
from estrela.etl.steps.transform import TransformSource
from estrela.etl.transformer import Transformed, Transformer


@dataclass(frozen=True)
class TransformAll(Transformer):
    """Transform sources one after the other.

    A source that fails for good keeps its published rows, and the tables that need it are built from them. A fault that
    may pass ends the step, which is then tried again as a whole.
    """

    name: str
    steps: Sequence[TransformSource]

    def transform(self) -> Transformed:
        """Transform every source; return the sums of their numbers. Raises retriable errors."""
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
        return Transformed({"entity": self.name, **totals}, held_back)
