"""The base class of steps that fetch data from a source."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.base import ETLBase


@dataclass(frozen=True, kw_only=True)
class Extractor(ETLBase):
    """Fetches new data of one source unchanged. :meth:`run` raises an ExtractError; data received before it is kept."""

    def close(self) -> None:
        """Close connections."""
