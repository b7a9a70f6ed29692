"""One day of an external client: the volume of data, and optional contradictions between its files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Day:
    """The files of one date. They depend only on the seed, the names and the sizes.

    ``correction`` above 0 changes some balances and taxes, as in a corrected delivery. ``with_errors`` adds one example
    of each contradiction that a delivery may have.
    """

    external_client: str = "EXT_CLIENT"
    business_date: str = "20220226"
    seed: int = 7
    clients: int = 20
    portfolios: int = 30
    transactions: int = 200
    correction: int = 0
    with_errors: bool = False
