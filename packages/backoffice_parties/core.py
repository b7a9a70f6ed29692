"""The core system: a PostgreSQL database whose customers and accounts change from day to day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from psycopg import Connection

from backoffice_parties.company import SEGMENTS, Company

TABLES = """
CREATE SCHEMA IF NOT EXISTS core;
CREATE TABLE IF NOT EXISTS core.customers (
  id         bigint PRIMARY KEY,
  full_name  text NOT NULL,
  segment    text,
  active     boolean NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS core.accounts (
  number      text PRIMARY KEY,
  customer_id bigint NOT NULL,
  balance     numeric(16, 2) NOT NULL,
  opened_on   date
);
"""
CUSTOMER = """
INSERT INTO core.customers (id, full_name, segment, active) VALUES (%s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET segment = EXCLUDED.segment, active = EXCLUDED.active, updated_at = now()
"""
ACCOUNT = """
INSERT INTO core.accounts (number, customer_id, balance, opened_on) VALUES (%s, %s, %s, %s)
ON CONFLICT (number) DO UPDATE SET balance = EXCLUDED.balance
"""
CHANGED = 0.05
"""Share of the customers that change per day."""


@dataclass(frozen=True)
class Core:
    """The database of ``company``, accessed through ``connection``."""

    company: Company
    connection: Connection

    def begin(self) -> None:
        """Create the tables with the customers and accounts of day 0; do nothing if they exist."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(TABLES)
            row = cursor.execute("SELECT EXISTS (SELECT 1 FROM core.customers)").fetchone()
            if row == (False,):
                cursor.executemany(CUSTOMER, self._customers(0, range(1, self.company.customers + 1)))
                cursor.execute("UPDATE core.customers SET updated_at = now() - interval '30 days'")
                cursor.executemany(ACCOUNT, self._accounts(0))

    def change(self, day: int) -> int:
        """Change a share of the customers, add one, delete one, change every balance; return the number of changed
        customers.
        """
        first = self.company.customers
        chance = self.company.random_for("changed", day)
        changed = [number for number in range(1, first + 1) if number % 97 != day % 97 and chance.random() < CHANGED]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(CUSTOMER, self._customers(day, [*changed, first + day]))
            cursor.execute("DELETE FROM core.customers WHERE id = %s", (day % 97,))
            cursor.executemany(ACCOUNT, self._accounts(day))
        return len(changed) + 1

    def _customers(self, day: int, numbers: range | list[int]) -> Iterator[tuple[object, ...]]:
        for number in numbers:
            name = self.company.name(self.company.random_for("customer", number))
            chance = self.company.random_for("customer", number, day)
            yield number, name, chance.choice((*SEGMENTS, None)), chance.random() < 0.95

    def _accounts(self, day: int) -> Iterator[tuple[object, ...]]:
        for number in range(1, self.company.accounts + 1):
            chance = self.company.random_for("account", number)
            opened = self.company.first_day - timedelta(chance.randint(1, 3000))
            balance = self.company.random_for("balance", number, day).randint(-50_000, 9_000_000) / 100
            yield f"{number:08}-{number % 10}", chance.randint(1, self.company.customers), f"{balance:.2f}", opened
