"""What every step of a run is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

Figures = Mapping[str, object]
"""Counts and names that a step reports to the log, such as rows in, loaded and rejected."""


class ETLBase(ABC):
    """A built step. Run twice on the same inputs, it leaves the same result and the second run changes nothing."""

    @abstractmethod
    def run(self) -> Figures:
        """Do the work; return what the log should tell. Raises an EstrelaError."""
