"""The transform step of several sources. A source whose data is refused holds back only itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from estrela.errors import EstrelaError
from estrela.etl.steps.transform import TransformSource
from estrela.etl.transformer import Transformed, Transformer


@dataclass(frozen=True)
class TransformAll(Transformer):
    """Transforms sources one after the other.

    After a permanent error the source keeps its published rows, and dependent tables are built from those. A retriable
    error ends the step, which is then retried as a whole.
    """

    name: str
    steps: Sequence[TransformSource]

    def transform(self) -> Transformed:
        """Transform every source; return the sums of their figures. Raises retriable errors."""
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
