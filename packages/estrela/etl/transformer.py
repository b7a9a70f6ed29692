"""The base class of the steps that compute tables: trusted rows from raw files, a star from trusted rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from estrela.etl.base import ETLBase, Figures


@dataclass(frozen=True)
class Transformed:
    """Result of a transformer: its figures, and the sources whose data was refused, with the reasons."""

    figures: Figures
    held_back: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transformer(ETLBase):
    """Brings its tables, on the run's branch, in line with the layer below. Changes nothing if they are up to date."""

    @abstractmethod
    def transform(self) -> Transformed:
        """Transform. Raises a retriable error, or the fault of a table that cannot be built."""

    def run(self) -> Figures:
        """Transform; return the figures, and the sources that are held back, if any."""
        done = self.transform()
        return {**done.figures, "held_back": dict(done.held_back)} if done.held_back else done.figures
