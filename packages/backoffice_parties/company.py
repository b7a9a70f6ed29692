"""The company to which the parties deliver: the volume of each kind of data, and the first day."""

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
    """An invented company. The deliveries of a day depend only on the seed and that day."""

    seed: int = 7
    first_day: date = date(2026, 11, 2)
    settlements: int = 2_000
    """Card settlements per file."""
    branches: int = 40
    customers: int = 500
    accounts: int = 800

    def day(self, number: int) -> date:
        """Return the date of day ``number``, counted from 0."""
        return self.first_day + timedelta(number)

    def random_for(self, *of: object) -> Random:
        """Return a random generator that depends on the seed and the values ``of`` only."""
        return Random(" ".join(map(str, (self.seed, *of))))

    def name(self, chance: Random) -> str:
        """Return a random name of a person."""
        return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
