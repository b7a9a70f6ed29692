"""One quarter of a synthetic world: complaints, clients and the index, by the rules of the real ranking."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt, sin
from random import Random

from bcb_mirror.institutions import LARGEST, SPARED, Appearance, Institution
from bcb_mirror.quarters import METHOD_BREAK, Quarter
from bcb_mirror.ranking_file import RankingRow

Clients = tuple[int | None, int | None, int | None]

# Complaints per quarter and institution of the ranking.
_PER_INSTITUTION = 700
_MILLION_IN_HUNDREDTHS = 100_000_000


def rows_of(seed: int, quarter: Quarter, institutions: Sequence[Institution]) -> list[RankingRow]:
    """Return the rows of ``quarter``: one for each institution with a complaint."""
    scale = _PER_INSTITUTION * len(institutions) / sum(each.weight for each in institutions)
    standing = [(each, shown) for each in institutions if (shown := each.appearance(quarter))]
    drafts = [_row(seed, quarter, each, shown, scale) for each, shown in standing]
    rows = _with_size_groups(quarter, [row for row in drafts if row.counts[_total_at(quarter)]])
    # The published order is alphabetical in some quarters and by size group in others.
    return sorted(rows, key=lambda row: (quarter.number == 4 and row.top, row.name))


def shows_index(quarter: Quarter, top: bool, upheld: int, clients: int | None) -> bool:
    """Return whether the index is published; the secondary group needs 30 upheld complaints (15 until 2020T2)."""
    threshold = 15 if quarter <= Quarter(2020, 2) else 30
    return bool(clients) and (top or upheld >= threshold)


def _total_at(quarter: Quarter) -> int:
    return 0 if quarter >= METHOD_BREAK else 3


def _row(seed: int, quarter: Quarter, each: Institution, shown: Appearance, scale: float) -> RankingRow:
    random = Random(f"{seed}:{quarter}:{each.cnpj}")  # noqa: S311
    age = quarter.ordinal - Quarter(2020, 1).ordinal
    swing = 1 + 0.25 * sin(age / 3 + each.rank)
    volume = int(each.weight * scale * swing * random.lognormvariate(0, 0.18) + random.random() * 2)
    clients = _clients(random, each, age)
    if quarter >= METHOD_BREAK:
        counts, upheld = _counts_by_sample(random, volume * 5)
    else:
        counts = _counts(random, each, volume)
        upheld = Fraction(counts[0])
    total = clients[0]
    index = upheld * _MILLION_IN_HUNDREDTHS // total if total else None
    return RankingRow(False, None if shown.conglomerate else each.cnpj, shown.name, index, counts, clients)


def _counts(random: Random, each: Institution, volume: int) -> tuple[int, int, int, int]:
    """Return upheld, other, unregulated and their total."""
    share = min(0.9, random.uniform(0.12, 0.32) * (2.4 if each.rank % 9 == 5 else 1))
    if each.clients == SPARED:
        share /= 200
    upheld = int(volume * share)
    other = int((volume - upheld) * random.uniform(0.4, 0.7))
    return upheld, other, volume - upheld - other, volume


def _counts_by_sample(random: Random, answered: int) -> tuple[tuple[int, int, int, int], Fraction]:
    """Return answered, upheld, upheld extrapolated, analysed; and the extrapolation before rounding.

    Large institutions are sampled; the published index is computed from the extrapolation before rounding.
    """
    analysed = min(answered, 15 * isqrt(answered))
    upheld = int(analysed * random.uniform(0.04, 0.22))
    exact = Fraction(upheld)
    if analysed < answered:
        stratum = Fraction(random.randint(97, 106), 100)
        exact = min(Fraction(answered), upheld * Fraction(answered, analysed) * stratum)
    return (answered, upheld, int(exact + Fraction(1, 2)), analysed), exact


def _clients(random: Random, each: Institution, age: int) -> Clients:
    """Return total, CCS (accounts) and SCR (loans): max(CCS, SCR) <= total <= CCS + SCR if all three are known."""
    total = max(1, int(each.clients * (1.02**age) * random.uniform(0.97, 1.03))) if each.clients > 1 else 1
    # the largest institutions always have all three
    draw = random.random() if each.rank > 15 else 1.0
    if draw < 0.009:
        return None, None, None
    if draw < 0.04 or (each.payment and draw < 0.5):
        return total, total, None
    if draw < 0.09 or each.clients == 1:
        return total, None, total
    if draw < 0.095:
        return None, 0, 0
    ccs = int(total * random.uniform(0.55, 0.999)) if each.appearances[0].conglomerate else int(total * 0.02)
    return total, ccs, total - ccs + int(ccs * random.uniform(0, 0.6))


def _with_size_groups(quarter: Quarter, rows: list[RankingRow]) -> list[RankingRow]:
    """Mark the top group, and blank the indexes that the ranking does not publish."""
    large = _top_names(quarter, rows)
    return [_shown(quarter, row, row.name in large) for row in rows]


def _top_names(quarter: Quarter, rows: list[RankingRow]) -> set[str]:
    if quarter <= Quarter(2020, 3):
        return {row.name for row in rows if (row.clients[0] or 0) > LARGEST}
    size = 10 if quarter <= Quarter(2021, 3) else 15
    largest = sorted(rows, key=lambda row: (-(row.clients[0] or 0), row.name))[:size]
    return {row.name for row in largest}


def _shown(quarter: Quarter, row: RankingRow, top: bool) -> RankingRow:
    upheld = row.counts[2 if quarter >= METHOD_BREAK else 0]
    index = row.index if shows_index(quarter, top, upheld, row.clients[0]) else None
    return RankingRow(top, row.cnpj, row.name, index, row.counts, row.clients)
