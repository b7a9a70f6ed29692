"""Comparison of the warehouse with the deliveries, computed only from the parties' data."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import create_engine, text

from backoffice_parties.company import Company
from backoffice_parties.files import rate_file, settlement_files
from demo.warehouse_stack import Stack

FILES = """
SELECT f.id, f.feed, f.key, f.state, f.events_seen AS events, f.listings_seen AS listings, f.rows_in,
  f.rows_loaded AS loaded, f.rows_rejected AS rejected, f.archived_at IS NOT NULL AS archived,
  CASE WHEN f.superseded_by IS NOT NULL THEN 'its rows were replaced by those of file ' || f.superseded_by
       ELSE f.reason END AS note
FROM ledger.files f ORDER BY f.feed, f.id
"""
ACCOUNT = """
SELECT feed, count(*) AS files, sum(rows_in) AS rows_in, sum(rows_loaded) AS loaded, sum(rows_rejected) AS rejected
FROM ledger.files WHERE state = 'Done' GROUP BY feed ORDER BY feed
"""
NOT_IN_BALANCE = """
SELECT count(*) AS files FROM ledger.files WHERE state = 'Done' AND rows_in <> rows_loaded + rows_rejected
"""
UNSETTLED = """
SELECT count(*) AS files FROM ledger.files
WHERE state IN ('New', 'In Progress') OR (state = 'Done' AND archived_at IS NULL)
"""
FOUND = {
    "accounts": "SELECT count(*) AS rows, sum(balance) AS total FROM warehouse.accounts",
    "branches": "SELECT count(*) AS rows, count(DISTINCT branch_code) AS total FROM warehouse.branches",
    "card_settlements": """
SELECT count(*) AS rows, sum(amount) AS total FROM warehouse.card_settlements
""",
    "customers": "SELECT count(*) AS rows, sum(customer_id) AS total FROM warehouse.customers",
    "exchange_rates": """
SELECT count(*) AS rows, sum(rate) AS total FROM warehouse.exchange_rates
""",
}
"""Row count of each table, and a total that changes if a row is lost or duplicated."""
SOURCE = {
    "accounts": "SELECT count(*) AS rows, sum(balance) AS total FROM core.accounts",
    "customers": "SELECT count(*) AS rows, sum(id) AS total FROM core.customers",
}


@dataclass(frozen=True)
class Verdict:
    """Actual and expected row count and total of one table."""

    feed: str
    loaded: tuple[Any, Any]
    expected: tuple[Any, Any]

    @property
    def is_right(self) -> bool:
        """Return whether nothing is lost or duplicated."""
        return self.loaded == self.expected


def verdicts(stack: Stack, company: Company, days: int) -> list[Verdict]:
    """Compare every table with the deliveries of ``days`` days."""
    expected = {**_of_files(company, days), **_of_core(stack)}
    database = stack.database
    rows = {feed: database.query(sql)[0] for feed, sql in FOUND.items()}
    database.engine.dispose()
    return [Verdict(feed, (row["rows"], row["total"]), expected[feed]) for feed, row in rows.items()]


def _of_files(company: Company, days: int) -> Mapping[str, tuple[Any, Any]]:
    """Return rows and total of each file feed; a settlement with an invalid amount is a bad row."""
    settlements = [
        row
        for day in range(days)
        for _, content in settlement_files(company, day)
        for row in csv.DictReader(io.StringIO(gzip.decompress(content).decode()))
    ]
    rates = [
        row
        for day in range(days)
        for row in csv.DictReader(rate_file(company, day)[1].decode().splitlines()[2:], delimiter=";")
    ]
    amounts = [Decimal(row["amount"]) for row in settlements if row["amount"].replace(".", "").isdigit()]
    branches = company.branches + days - 1
    return {
        "branches": (branches, branches),
        "card_settlements": (len(amounts), sum(amounts)),
        "exchange_rates": (len(rates), sum(Decimal(row["Taxa"].replace(",", ".")) for row in rates)),
    }


def _of_core(stack: Stack) -> Mapping[str, tuple[Any, Any]]:
    engine = create_engine(stack.core)
    with engine.connect() as connection:
        rows = {feed: connection.execute(text(sql)).one() for feed, sql in SOURCE.items()}
    engine.dispose()
    return {feed: (row[0], row[1]) for feed, row in rows.items()}
