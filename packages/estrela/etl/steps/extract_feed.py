"""The step that fetches new data from the origin of a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estrela.etl.base import ETLBase, Figures
from estrela.etl.extractor import Extractor


@dataclass(frozen=True)
class ExtractFeed(ETLBase):
    """Runs the extractors of a feed in order: files are first copied and then registered.

    If an extractor fails, the others still run, so that files copied before the error are registered.
    """

    extractors: Sequence[Extractor]

    def run(self) -> Figures:
        """Run every extractor and return their combined figures. Raises the first error after all have run."""
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
