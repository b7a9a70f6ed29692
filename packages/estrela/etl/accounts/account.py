"""The account of a file: its origin, its state, and the counts of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from estrela.etl.accounts.row_count import RowCount
from estrela.etl.raw.raw_file import RawFile
from estrela.model.source import Source

LOADED, HELD_BACK, SET_ASIDE = "loaded", "held back", "set aside"
"""States of a file: in the trusted table, refused with its source, or set aside by an operator."""


@dataclass(frozen=True)
class Account:
    """A row of the table of files. For a loaded file, rows_in = rows_loaded + rows_rejected.

    A file that is not loaded has no rows in the trusted table; its counts are None if it was never read. ``measure_in``
    and ``measure_rejected`` are sums of the measure that the source declares, over all rows and over the rejected rows.
    They are None if it declares none.
    """

    source: str
    received_by: str
    request: str
    page: int
    source_file: str
    url: str
    fetched_at: datetime
    size: int
    state: str
    rows_in: int | None
    rows_loaded: int
    rows_rejected: int | None
    measure_in: Decimal | None = None
    measure_rejected: Decimal | None = None

    @property
    def is_loaded(self) -> bool:
        """Return whether the file's rows are in the trusted table."""
        return self.state == LOADED

    def as_row(self) -> Mapping[str, Any]:
        """Return the values by column."""
        return vars(self)

    def waiting(self, state: str) -> Account:
        """Return the account of the same file in a state without rows in the trusted table."""
        return replace(self, state=state, rows_loaded=0)


def account_of(source: Source, file: RawFile, counted: RowCount, loaded: int) -> Account:
    """Return the account of a file that was read."""
    measures = (counted.weight, counted.weight_rejected) if source.tolerance.measure else (None, None)
    return Account(*_origin(source, file), LOADED, counted.rows, loaded, counted.rejected, *measures)


def unread(source: Source, file: RawFile, state: str) -> Account:
    """Return the account of a file that was not read."""
    return Account(*_origin(source, file), state, None, 0, None)


def account_from(row: Mapping[str, Any], source: Source) -> Account:
    """Return the account in a row of the table of files. Rows without ``state`` belong to loaded files."""
    # Spark returns naive datetimes in the machine's time zone.
    at = row["fetched_at"].astimezone(UTC)
    return Account(**{**row, "fetched_at": at, "received_by": source.raw_name, "state": row["state"] or LOADED})


def _origin(source: Source, file: RawFile) -> tuple[str, str, str, int, str, str, datetime, int]:
    """Return the values of an account's columns before ``state``."""
    where = (file.request_id, file.page, file.sha256, file.url, file.fetched_at, file.size)
    return (source.name, source.raw_name, *where)
