"""The institutions of a synthetic world: their identities, sizes, and names in the ranking over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from bcb_mirror import names
from bcb_mirror.errors import WorldError
from bcb_mirror.quarters import Quarter, quarter_at

LARGEST = 4_000_000
# number of clients of one institution of the top group with hardly any upheld complaints
SPARED = 60_000_000
# Payment institutions are in the ranking since the last quarter of 2021.
PAYMENTS_FROM = Quarter(2021, 4)
_START, _END = Quarter(2020, 1), Quarter(2026, 2)
_OTHER_KINDS = ("04",) * 26 + ("09",) * 8 + ("06", "08", "05", "10")


@dataclass(frozen=True)
class Appearance:
    """Name of an institution in the ranking ``since`` a quarter; a ``conglomerate`` has no CNPJ there."""

    since: Quarter
    name: str
    conglomerate: bool


@dataclass(frozen=True)
class Institution:
    """An institution of the ranking.

    ``cnpj`` (8 digits) and ``legal_name`` are those of the bank, or of the lead institution of a conglomerate. ``rank``
    counts from 0, the institution with the most complaints. ``clients`` is their number at the start of 2020. The
    institution is not in the ranking after ``until``. ``appearances`` are in time order.
    """

    cnpj: str
    legal_name: str
    rank: int
    weight: float
    clients: int
    payment: bool
    public: bool
    appearances: tuple[Appearance, ...]
    until: Quarter | None = None

    def appearance(self, quarter: Quarter) -> Appearance | None:
        """Return the institution's entry in the ranking of ``quarter``; None if it has none."""
        if self.until and quarter > self.until:
            return None
        return next((each for each in reversed(self.appearances) if each.since <= quarter), None)


@dataclass(frozen=True)
class Other:
    """An institution that is in the lists but not in the ranking; ``group`` is its consolidated group."""

    cnpj: str
    legal_name: str
    group: str


def make(seed: int, count: int, others: int) -> tuple[list[Institution], list[Other]]:
    """Return ``count`` institutions by rank and ``others`` more, all with distinct CNPJs and names.

    Raises WorldError if a number is out of range.
    """
    if not 20 <= count <= 500_000 or not 0 <= others <= 400_000:
        raise WorldError(f"{count} institutions and {others} others: 20 to 500000 and 0 to 400000 are possible")
    random = Random(f"{seed}:institutions")  # noqa: S311
    words = names.stems(seed)
    roots = _roots(random, count + others)
    ranked = [_institution(random, rank, count, names.stem(words, rank), roots[rank]) for rank in range(count)]
    rest = [_other(random, names.stem(words, count + n), roots[count + n]) for n in range(others)]
    return _with_history(random, ranked, words, count + others), rest


def _roots(random: Random, count: int) -> list[str]:
    """Return CNPJ roots: the largest institution has ``00000000``, every sixth begins with a zero."""
    low = random.sample(range(1, 10_000_000), count // 6)
    high = random.sample(range(10_000_000, 100_000_000), count - len(low) - 1)
    rest = [f"{root:08d}" for root in low + high]
    random.shuffle(rest)
    return ["00000000", *rest]


def _institution(random: Random, rank: int, count: int, stem: str, root: str) -> Institution:
    conglomerate = _is_conglomerate(random, rank / count)
    payment = not conglomerate and random.random() < 0.2
    legal = names.payment_name(random, stem) if payment else names.bank_name(random, stem)
    shown = f"{names.group_name(random, stem)} (conglomerado)" if conglomerate else legal
    weight = (rank + 2.0) ** -1.7 * random.uniform(0.8, 1.25)
    clients = _clients(random, rank, count, weight)
    since = PAYMENTS_FROM if payment else _START
    if random.random() < 0.12 and rank > 10:
        since = max(since, _some_quarter(random))
    # quarters before the first of the model have the same institutions
    start = Quarter(0, 1) if since == _START else since
    until = _some_quarter(random) if rank > 20 and random.random() < 0.06 else None
    public = rank % 12 == 0
    return Institution(
        root, legal, rank, weight, clients, payment, public, (Appearance(start, shown, conglomerate),), until
    )


def _clients(random: Random, rank: int, count: int, weight: float) -> int:
    if rank == min(20, count // 4):
        # few clients for its complaints, which gives an index in the thousands
        return int(weight * count * 50_000)
    if rank == min(40, count // 3):
        return SPARED
    if rank > 20 and random.random() < 0.02:
        return 1
    return max(1, int(145e6 / (rank + 1) ** 1.15 * random.lognormvariate(0, 0.5)))


def _is_conglomerate(random: Random, place: float) -> bool:
    """Return whether an institution is a conglomerate: half of the rows, mostly large, with nearly all complaints."""
    return random.random() < (1.0 if place < 0.12 else 0.93 if place < 0.25 else 0.62 if place < 0.5 else 0.22)


def _some_quarter(random: Random) -> Quarter:
    return quarter_at(random.randint(_START.ordinal + 1, _END.ordinal - 1))


def _with_history(random: Random, ranked: list[Institution], words: list[str], used: int) -> list[Institution]:
    """Add renames, banks that become conglomerates, and a conglomerate that takes over another."""
    changed = list(ranked)
    for position, institution in enumerate(ranked):
        draw, when = random.random(), _some_quarter(random)
        first = institution.appearances[0]
        if when <= first.since or institution.until:
            continue
        stem = names.stem(words, used + position)
        if draw < 0.09 and position > 3:
            changed[position] = _renamed(random, institution, stem, when)
        elif draw < 0.13 and not first.conglomerate:
            appearance = Appearance(when, f"{first.name} (conglomerado)", True)
            changed[position] = replace(institution, appearances=(first, appearance))
    _take_over(changed, random)
    return changed


def _renamed(random: Random, institution: Institution, stem: str, when: Quarter) -> Institution:
    first = institution.appearances[0]
    if first.conglomerate:
        name = f"{names.group_name(random, stem)} (conglomerado)"
    else:
        name = names.payment_name(random, stem) if institution.payment else names.bank_name(random, stem)
    return replace(institution, appearances=(first, Appearance(when, name, first.conglomerate)))


def _take_over(ranked: list[Institution], random: Random) -> None:
    """Let a larger conglomerate take over a smaller one and have both names from then on."""
    buyers = [n for n, each in enumerate(ranked) if _is_plain_conglomerate(each)]
    if len(buyers) < 6:
        return
    buyer, bought, when = buyers[3], buyers[random.randint(4, 5)], Quarter(2021, 2)
    long, short = (ranked[n].appearances[0].name.removesuffix(" (conglomerado)") for n in (buyer, bought))
    appearance = Appearance(when, f"{long}/{short} (conglomerado)", True)
    joined = (*ranked[buyer].appearances, appearance)
    ranked[buyer] = replace(ranked[buyer], appearances=joined, weight=ranked[buyer].weight + ranked[bought].weight)
    ranked[bought] = replace(ranked[bought], until=quarter_at(when.ordinal - 1))


def _is_plain_conglomerate(institution: Institution) -> bool:
    first = institution.appearances[0]
    return first.conglomerate and len(institution.appearances) == 1 and first.since.year == 0 and not institution.until


def _other(random: Random, stem: str, root: str) -> Other:
    kind = random.choice(_OTHER_KINDS)
    return Other(root, names.other_name(random, kind, stem), kind)
