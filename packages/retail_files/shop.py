"""The shop: its numbers of customers, products and orders, and its range of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

CATEGORIES = ("coffee", "tea", "mugs", "grinders", "filters")
KINDS = ("Classic", "Dark", "Mild", "Large", "Small", "Travel", "Café", "São Paulo")
CITIES = (("Lisboa", "PT"), ("Porto", "PT"), ("São Paulo", "BR"), ("Recife", "BR"), ("Zürich", "CH"), ("Austin", "US"))
SEGMENTS = ("consumer", "consumer", "consumer", "small business", "company")


@dataclass(frozen=True)
class Shop:
    """An invented shop. The files of a day depend only on the seed and that day."""

    seed: int = 7
    first_day: date = date(2024, 1, 1)
    days: int = 120
    orders_per_day: int = 40
    customers: int = 300
    products: int = 60

    @property
    def all_days(self) -> tuple[date, ...]:
        """Days on which the shop sells, in order."""
        return tuple(self.first_day + timedelta(at) for at in range(self.days))
