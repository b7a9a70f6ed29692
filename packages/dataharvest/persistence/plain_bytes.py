"""Bytes that PostgreSQL's COPY reads in the same way as Python's csv module, with valid amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from dataharvest.model.column import MONEY, MONEY_PATTERN, Column
from dataharvest.persistence.stream import NOT_PLAIN_MARKS

LONGEST_LINE = 1 << 20


class NotPlainError(Exception):
    """The bytes must be read row by row."""


def plain_blocks(blocks: Iterable[bytes], columns: Sequence[Column]) -> Iterator[bytes]:
    """Yield the blocks unchanged. Raises NotPlainError before the first block that is not plain.

    ``columns`` are those of the file, in its order: amounts are checked line by line, because PostgreSQL accepts more
    forms of numbers than a file may contain.
    """
    odd = _odd_line(columns)
    rest = b"\n"
    """The last line break, and the start of a line after it."""
    for block in blocks:
        if any(mark in block for mark in NOT_PLAIN_MARKS):
            raise NotPlainError
        if odd:
            rest = _checked(odd, rest + block)
        yield block
    if odd:
        _checked(odd, rest + b"\n")


def _checked(odd: re.Pattern[bytes], lines: bytes) -> bytes:
    """Return the remainder after the last whole line, if all lines are valid. Raises NotPlainError."""
    end = lines.rfind(b"\n")
    if odd.search(lines, 0, end + 1) or len(lines) - end > LONGEST_LINE:
        raise NotPlainError
    return lines[end:]


def _odd_line(columns: Sequence[Column]) -> re.Pattern[bytes] | None:
    """Return the pattern of a line that is not blank and has an invalid amount; None if no column is money."""
    places = [at for at, column in enumerate(columns) if column.domain == MONEY]
    if not places:
        return None
    fields = [rf" *{MONEY_PATTERN} *" if at in places else r"[^,\n]*" for at in range(places[-1] + 1)]
    return re.compile(rf"\n(?=[^\n])(?!{','.join(fields)}[,\n])".encode())
