"""The base class of the steps that take data in from a source."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.base import ETLBase


@dataclass(frozen=True, kw_only=True)
class Extractor(ETLBase):
    """Takes in what is new at one source, as it is. :meth:`run` raises an ExtractError; what came before stays."""

    def close(self) -> None:
        """Free connections."""
