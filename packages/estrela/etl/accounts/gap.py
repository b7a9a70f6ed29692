"""Gaps: missing data of a period, computed from the accounts of the newest files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from estrela.etl.accounts.account import HELD_BACK, SET_ASIDE, Account
from estrela.model.source import Source


@dataclass(frozen=True)
class Gap:
    """A period for which a table lacks rows or files of one source.

    ``period`` is a value of the table's partition column ``column_name``, as text; both are "" for the table as a
    whole. ``rows_received`` is None if a file was never read. ``completeness`` is the loaded share of the data received
    last, by rows or by the source's measure, whichever is less; 0 if it is unknown.
    """

    table_name: str
    source: str
    column_name: str
    period: str
    files_held_back: int
    files_set_aside: int
    rows_received: int | None
    rows_loaded: int
    completeness: float

    def as_row(self) -> Mapping[str, Any]:
        """Return the values by column."""
        return asdict(self)


def is_incomplete(account: Account) -> bool:
    """Return whether the trusted table lacks rows of the file."""
    return not account.is_loaded or bool(account.rows_rejected)


def newest(source: Source, accounts: Iterable[Account]) -> list[Account]:
    """Return the accounts without older answers that are still loaded only because a newer one is not."""
    listed = [(_answer(source, account), account) for account in accounts]
    waiting = {answer for answer, account in listed if not account.is_loaded}
    return [account for answer, account in listed if not account.is_loaded or answer not in waiting]


def gap_of(table: str, column: str, period: str, accounts: Sequence[Account]) -> Gap | None:
    """Return the gap of a period that consists of the :func:`newest` files of one source, or None if it is complete."""
    if not any(map(is_incomplete, accounts)):
        return None
    states = [account.state for account in accounts]
    rows_in = [account.rows_in for account in accounts]
    received = None if None in rows_in else sum(filter(None, rows_in))
    loaded = sum(account.rows_loaded for account in accounts)
    return Gap(
        table_name=table,
        source=accounts[0].source,
        column_name=column,
        period=period,
        files_held_back=states.count(HELD_BACK),
        files_set_aside=states.count(SET_ASIDE),
        rows_received=received,
        rows_loaded=loaded,
        completeness=min(loaded / received if received else 0.0, _measured(accounts)),
    )


def _answer(source: Source, account: Account) -> tuple[str, str]:
    """Return the identity of an answer: its request and, for snapshots, its day."""
    return account.request, str(account.fetched_at.date()) if source.snapshots else ""


def _measured(accounts: Sequence[Account]) -> float:
    """Return the loaded share by the source's measure, or 1 if it has no measure or no file was read."""
    known = [account for account in accounts if account.measure_in is not None]
    received = sum((account.measure_in or 0) for account in known)
    missing = sum(((account.measure_rejected if account.is_loaded else account.measure_in) or 0) for account in known)
    return 1 - float(missing / received) if received else 1.0
