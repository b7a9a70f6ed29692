"""The base class of every step of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from estrela.logger import Logger

Figures = Mapping[str, object]
"""Counts and names that a step reports to the log, such as rows in, loaded and rejected."""


@dataclass(frozen=True, kw_only=True)
class ETLBase(ABC):
    """A built step. Run twice on the same inputs, it leaves the same result and the second run changes nothing.

    ``log`` receives its figures and warnings. ``root`` is the root of the file system it works on, such as
    ``s3://lake``; "" for a step that reaches files only through its other parts.
    """

    log: Logger = field(default_factory=Logger)
    root: str = ""

    @abstractmethod
    def run(self) -> Figures:
        """Do the work and return its figures. Raises an EstrelaError."""

    def execute(self) -> Figures:
        """Run, and log the figures."""
        figures = self.run()
        self.log.event("done", **{"step": type(self).__name__, "root": self.root, **figures})
        return figures
