"""Athena's SQL for Trino: a number with a decimal point is a double in Athena, and a decimal in Trino."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECES = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
    r"|(?P<number>(?<![\w.$])(?:\d[\d_]*\.(?:\d[\d_]*)?|\.\d[\d_]*)(?![\d_eE]))"
    r"|[\w$]+|.",
    re.DOTALL,
)
_DOUBLE = "E0"


@dataclass(frozen=True)
class Text:
    """A statement in the form that Trino gets.

    ``insertions`` are offsets in ``sql``, each with the number of characters inserted before it. ``head`` is text of
    whole lines before the user's text, which begins at ``start`` (line and column, from 1) of the original statement.
    """

    sql: str
    insertions: tuple[tuple[int, int], ...] = ()
    head: str = ""
    start: tuple[int, int] = (1, 1)

    @property
    def whole(self) -> str:
        return self.head + self.sql

    def origin(self, line: int, column: int) -> tuple[int, int]:
        """Convert a position in Trino's text to the line and column in the user's text."""
        line -= self.head.count("\n")
        lines = self.sql.split("\n")
        if not 1 <= line <= len(lines):
            return self.start
        begin = sum(len(text) + 1 for text in lines[: line - 1])
        column -= sum(length for place, length in self.insertions if begin <= place < begin + column)
        first_line, first_column = self.start
        return line + first_line - 1, column + (first_column - 1 if line == 1 else 0)


def for_trino(sql: str) -> Text:
    """Replace ``1.5`` by ``1.5E0``, except in texts, quoted names and comments; ``DECIMAL '1.5'`` is kept."""
    parts: list[str] = []
    insertions: list[tuple[int, int]] = []
    size = 0
    for piece in _PIECES.finditer(sql):
        text = piece[0]
        if piece["number"]:
            insertions.append((size + len(text), len(_DOUBLE)))
            text += _DOUBLE
        parts.append(text)
        size += len(text)
    return Text("".join(parts), tuple(insertions))
