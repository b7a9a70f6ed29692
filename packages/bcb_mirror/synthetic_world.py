"""A seeded world: invented institutions, with every quirk of the real data. The same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from bcb_mirror import complaints, fees, lists
from bcb_mirror.errors import WorldError
from bcb_mirror.institutions import make
from bcb_mirror.quarters import FIRST_TRIMESTRAL, NEVER_PUBLISHED, Quarter, quarters_between
from bcb_mirror.ranking_file import encode
from bcb_mirror.world import Record

FIRST, LAST = Quarter(2020, 1), Quarter(2026, 2)


class SyntheticWorld:
    """``institutions`` in the ranking (default 120) and ``others`` only in the lists (default twice as many).

    ``first`` and ``last`` limit the quarters listed from the start; later ones can be published after them. Raises
    WorldError or QuarterError for invalid parameters.
    """

    def __init__(
        self,
        seed: int = 0,
        institutions: int = 120,
        first: Quarter = FIRST,
        last: Quarter = LAST,
        others: int | None = None,
    ) -> None:
        if first < FIRST_TRIMESTRAL:
            raise WorldError(f"{first} is before {FIRST_TRIMESTRAL}, the first quarter with a quarterly ranking")
        self.seed = seed
        self._quarters = quarters_between(first, last)
        self.institutions, self.others = make(seed, institutions, 2 * institutions if others is None else others)
        self._files: dict[Quarter, bytes] = {}

    def quarters(self) -> Sequence[Quarter]:
        return self._quarters

    def quarter_after(self, quarter: Quarter) -> Quarter | None:
        return quarter.next()

    def ranking(self, quarter: Quarter) -> bytes | None:
        if quarter == NEVER_PUBLISHED:
            return None
        if quarter not in self._files:
            self._files[quarter] = encode(quarter, complaints.rows_of(self.seed, quarter, self.institutions))
        return self._files[quarter]

    def fees(self, person: str, cnpj: str) -> Sequence[Record]:
        return fees.fees_of(self.seed, person, cnpj) if person in {"F", "J"} and cnpj in self._known else []

    def groups(self) -> Sequence[Record]:
        return [{"Codigo": code, "Nome": name} for code, name in lists.GROUPS.items()]

    def members(self, group: str) -> Sequence[Record]:
        return [{"Cnpj": cnpj, "Nome": name} for cnpj, name, code in self._memberships if code == group]

    def segmentation(self) -> bytes | None:
        return lists.segmentation(self.seed, self.institutions, self.others)

    def register(self, year_month: str) -> Sequence[Record]:
        return lists.register(self.institutions, self.others, year_month)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset([each.cnpj for each in self.institutions] + [each.cnpj for each in self.others])

    @cached_property
    def _memberships(self) -> list[tuple[str, str, str]]:
        return list(lists.memberships(self.institutions, self.others))
