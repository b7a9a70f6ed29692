"""The four kinds of file in a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataharvest.model.column import CURRENCY, MONEY, REFERENCE, WORD, Column

_ACCOUNT_NUMBER = Column("account_number", REFERENCE, "Number of the account, as text", also=("accout_number",))
_CLIENT_REFERENCE = Column("client_reference", REFERENCE, "Reference of the client")
_RECORD_ID = Column("record_id", WORD, "Number of the record, as the file gives it")


@dataclass(frozen=True)
class Kind:
    """A kind of file. File names start with ``name``; ``noun`` is part of the names of its table, flag and delivery
    column.
    """

    name: str
    noun: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def flag(self) -> str:
        """Flag of the metastore that is set when the file is in the database."""
        return f"{self.noun}_persisted"

    @property
    def table(self) -> str:
        """Table of the file's rows, without the schema."""
        return f"{self.noun}_row"

    @property
    def is_sensitive(self) -> bool:
        """Return whether any of its columns is encrypted."""
        return any(column.sensitive for column in self.columns)

    def column(self, spelling: str) -> Column | None:
        """Return the column that ``spelling`` names in a file's header; None if it names none."""
        return next((column for column in self.columns if spelling in (column.name, *column.also)), None)

    def columns_of(self, header: Sequence[str]) -> tuple[Column, ...] | None:
        """Return the columns in the order of a file's header; None unless it names every column exactly once."""
        matches = [self.column(spelling.strip()) for spelling in header]
        columns = tuple(column for column in matches if column)
        complete = len(columns) == len(header) == len(set(columns)) == len(self.columns)
        return columns if complete else None


CLIENTS = Kind(
    "clients",
    "client",
    (
        _RECORD_ID,
        Column("first_name", WORD, "First name", sensitive=True),
        Column("last_name", WORD, "Last name", sensitive=True),
        _CLIENT_REFERENCE,
        Column("tax_free_allowance", MONEY, "Yearly allowance", sensitive=True),
    ),
    key=("client_reference",),
)
PORTFOLIOS = Kind(
    "portfolios",
    "portfolio",
    (
        _RECORD_ID,
        _ACCOUNT_NUMBER,
        Column("portfolio_reference", REFERENCE, "Reference of the portfolio"),
        _CLIENT_REFERENCE,
        Column("agent_code", WORD, "Agent who looks after the portfolio"),
    ),
    key=("portfolio_reference",),
)
ACCOUNTS = Kind(
    "accounts",
    "account",
    (
        _RECORD_ID,
        _ACCOUNT_NUMBER,
        Column("cash_balance", MONEY, "Balance in the account's currency"),
        Column("currency", CURRENCY, "ISO 4217 code of the account's currency"),
        Column("taxes_paid", MONEY, "Taxes paid in the account's currency", sensitive=True),
    ),
    key=("account_number",),
)
TRANSACTIONS = Kind(
    "transactions",
    "transaction",
    (
        _RECORD_ID,
        _ACCOUNT_NUMBER,
        Column("transaction_reference", REFERENCE, "Reference of the transaction"),
        Column("amount", MONEY, "Amount in the account's currency"),
        Column("keyword", WORD, "What the transaction is, such as DEPOSIT"),
    ),
    key=("account_number", "transaction_reference"),
)
KINDS = (CLIENTS, PORTFOLIOS, ACCOUNTS, TRANSACTIONS)
KEYWORDS = ("DEPOSIT", "TAX")
"""Keywords of transactions that calculations use; others are counted and reported."""
