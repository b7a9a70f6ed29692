"""Takes in what is new at the origin of one feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estrela.etl.base import ETLBase, Figures
from estrela.etl.extractor import Extractor


@dataclass(frozen=True)
class ExtractFeed(ETLBase):
    """Runs the extractors of one feed in their order: what copies files comes before what registers them.

    Where one fails, those after it run too: files that came before the fault are registered.
    """

    extractors: Sequence[Extractor]

    def run(self) -> Figures:
        """Run each, and return the figures of all. Raises the first error at the end."""
        figures: dict[str, object] = {}
        failures: list[Exception] = []
        for extractor in self.extractors:
            try:
                figures |= extractor.run()
            except Exception as error:  # noqa: BLE001 - raised below, after the others had their turn
                failures.append(error)
            finally:
                extractor.close()
        if failures:
            raise failures[0]
        return figures
