"""Rows as CSV text for COPY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wire:
    """Formats rows for COPY, each preceded by the numbers of its file, load and line.

    ``before`` is added to every line number.
    """

    file: int
    load: int
    delimiter: str = ","
    quote: str = '"'
    before: int = 0

    def row(self, line: int, values: Sequence[str | None]) -> str:
        """Return one row as CSV."""
        mark = self.quote
        written = ["" if value is None else f"{mark}{value.replace(mark, mark * 2)}{mark}" for value in values]
        return self.delimiter.join((str(self.file), str(self.load), str(self.before + line), *written)) + "\n"

    def rows(self, first: int, lines: Sequence[str]) -> str:
        """Return rows, at least one, whose fields are already CSV; ``lines`` are numbered from ``first``."""
        mark = self.delimiter
        start = f"{self.file}{mark}{self.load}{mark}"
        return "".join([f"{start}{number}{mark}{line}\n" for number, line in enumerate(lines, self.before + first)])
