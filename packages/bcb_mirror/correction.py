"""A corrected file: the same quarter, published again with different numbers."""

from __future__ import annotations

from random import Random

from bcb_mirror.errors import QuarterError
from bcb_mirror.quarters import METHOD_BREAK, Quarter
from bcb_mirror.ranking_file import ENCODING, index_of, index_text

_INDEX, _COUNTS, _CLIENTS = 6, slice(7, 11), 11


def corrected(content: bytes, quarter: Quarter, seed: int = 0, rows: int = 5) -> bytes:
    """Return ``content`` (a published file of ``quarter``) with new counts in ``rows`` rows; totals and indexes still
    agree.

    Raises QuarterError if the file has no rows.
    """
    header, *lines = content.decode(ENCODING).splitlines(keepends=True)
    if not lines:
        raise QuarterError(f"the file of {quarter} has no rows to correct")
    random = Random(f"correction:{seed}:{quarter}")  # noqa: S311
    for position in random.sample(range(len(lines)), min(rows, len(lines))):
        lines[position] = _corrected_line(lines[position], quarter, random.randint(1, 40))
    return "".join([header, *lines]).encode(ENCODING)


def _corrected_line(line: str, quarter: Quarter, more: int) -> str:
    fields = line.split(";")
    counts = [int(number) for number in fields[_COUNTS]]
    if quarter >= METHOD_BREAK:
        # `more` answered and analysed complaints, none of them upheld, so the index does not change
        counts[0] += more
        counts[3] += more
        fields[_COUNTS] = map(str, counts)
        return ";".join(fields)
    counts[0] += more
    counts[3] += more
    fields[_COUNTS] = map(str, counts)
    if fields[_INDEX].strip():
        fields[_INDEX] = index_text(quarter, index_of(counts[0], int(fields[_CLIENTS])))
    return ";".join(fields)
