"""Bytes of a file that PostgreSQL's COPY reads as Python's csv does, and whose amounts are written as amounts are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from dataharvest.model.column import MONEY, MONEY_PATTERN, Column
from dataharvest.persistence.stream import NOT_PLAIN_MARKS

LONGEST_LINE = 1 << 20


class NotPlainError(Exception):
    """The bytes hold what only a reading row by row can judge."""


def plain_blocks(blocks: Iterable[bytes], columns: Sequence[Column]) -> Iterator[bytes]:
    """Yield the blocks unchanged. Raises NotPlainError before the block that is not plain.

    ``columns`` are those of the file, in its order: amounts are looked at line by line, because PostgreSQL reads more
    as a number than a file may write.
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
    """Return what follows the last whole line, if all of them are as expected. Raises NotPlainError."""
    end = lines.rfind(b"\n")
    if odd.search(lines, 0, end + 1) or len(lines) - end > LONGEST_LINE:
        raise NotPlainError
    return lines[end:]


def _odd_line(columns: Sequence[Column]) -> re.Pattern[bytes] | None:
    """Return the pattern of a line that is not blank, and of which a column of money holds something else."""
    places = [at for at, column in enumerate(columns) if column.domain == MONEY]
    if not places:
        return None
    fields = [rf" *{MONEY_PATTERN} *" if at in places else r"[^,\n]*" for at in range(places[-1] + 1)]
    return re.compile(rf"\n(?=[^\n])(?!{','.join(fields)}[,\n])".encode())
