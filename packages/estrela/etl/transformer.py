"""The base class of steps that compute tables: trusted tables from raw files, a star from trusted tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from estrela.etl.base import ETLBase, Figures


@dataclass(frozen=True)
class Transformed:
    """Result of a transformer: its figures, and the reasons of the sources whose data was refused."""

    figures: Figures
    held_back: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Transformer(ETLBase):
    """Updates its tables from the layer below, on the run's branch. Changes nothing if they are up to date."""

    @abstractmethod
    def transform(self) -> Transformed:
        """Update the tables. Raises a retriable error, or the error of a table that cannot be built."""

    def run(self) -> Figures:
        """Update the tables; return the figures, and the sources that are held back, if any."""
        done = self.transform()
        return {**done.figures, "held_back": dict(done.held_back)} if done.held_back else done.figures
