"""The company whose parties deliver: how much there is of everything, from which day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

FIRST_NAMES = ("Ana", "Bruno", "Célia", "Davi", "Elisa", "João", "Lívia", "Rui", "Sônia", "Zé")
LAST_NAMES = ("Almeida", "Barros", "Conceição", "Dias", "Guimarães", "Lopes", "Magalhães", "Souza")
CITIES = ("São Paulo", "Recife", "Belém", "Curitiba", "Florianópolis", "Goiânia")
ACQUIRERS = ("visa", "elo")
SEGMENTS = ("retail", "premium", "private")
CURRENCIES = ("USD", "EUR", "JPY", "GBP", "CHF")


@dataclass(frozen=True)
class Company:
    """An invented company. What is delivered on a day depends on the seed and that day only."""

    seed: int = 7
    first_day: date = date(2026, 11, 2)
    settlements: int = 2_000
    """Card settlements of a file."""
    branches: int = 40
    customers: int = 500
    accounts: int = 800

    def day(self, number: int) -> date:
        """Return the day ``number``, from 0."""
        return self.first_day + timedelta(number)

    def chance(self, *of: object) -> Random:
        """Return random numbers that depend on the seed and on what they are for."""
        return Random(" ".join(map(str, (self.seed, *of))))

    def name(self, chance: Random) -> str:
        """Return a name of a person."""
        return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
