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
    """A step, built and ready to run. Running it again on the same inputs changes nothing.

    ``log`` receives its figures and warnings. ``root`` is the root of its file system, such as ``s3://lake``, or "" for
    a step that accesses files only through its parts.
    """

    log: Logger = field(default_factory=Logger)
    root: str = ""

    @abstractmethod
    def run(self) -> Figures:
        """Do the work of the step and return its figures. Raises an EstrelaError."""

    def execute(self) -> Figures:
        """Run the step and log its figures."""
        figures = self.run()
        self.log.event("done", **{"step": type(self).__name__, "root": self.root, **figures})
        return figures
