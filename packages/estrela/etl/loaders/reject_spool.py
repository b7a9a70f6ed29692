"""Rejects of a load, spooled until they are written to the ledger, and the tolerance of the feed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg import Cursor

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.judge import Reject
from estrela.etl.feed_rows.wire import Wire
from estrela.ledger.claims import Account, Claim

SPOOL_BYTES = 1 << 20
SHOWN_REJECTS = 1000
"""Maximum number of rejects kept of a failed file, to explain the failure."""
REJECTS = """
COPY ledger.rejects (file, load, line, column_name, value, code, reason, raw_line, is_counted) FROM STDIN (FORMAT csv)
"""


class TooManyRejectsError(FileRefusedError):
    """A file has more bad rows than its feed tolerates; ``rejects`` are the first of them."""

    def __init__(self, claim: Claim, account: Account, rejects: tuple[Reject, ...]) -> None:
        self.account, self.rejects = account, rejects
        first = rejects[0]
        where = f"line {first.line}" + (f", column {first.column}" if first.column else "")
        reason = (
            f"{account.rejected} of {account.rows} rows are bad, more than the feed tolerates; the first: {where}: "
            f"{first.value!r}: {first.reason}"
        )
        super().__init__(claim.feed.name, claim.address, reason)


class RejectSpool:
    """Rejects of one load in the format of COPY, on disk if they are many."""

    def __init__(self, file: int, load: int, *, is_counted: bool = True) -> None:
        self._is_counted = str(is_counted).lower()
        self.file, self.load = file, load
        self._wire, self._text = Wire(file, load), tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
        self.first: list[Reject] = []
        self.count = 0

    def add(self, rejects: Iterable[Reject]) -> None:
        """Add ``rejects`` to the spool."""
        for reject in rejects:
            values = (reject.column, reject.value, reject.code, reject.reason, reject.raw_line, self._is_counted)
            self._text.write(self._wire.row(reject.line, values).encode())
            self.count += 1
            if len(self.first) < SHOWN_REJECTS:
                self.first.append(reject)

    def copy(self, cursor: Cursor[Any]) -> None:
        """Write the rejects to the ledger."""
        copy_spools(cursor, [self])

    def chunks(self) -> Iterator[bytes]:
        """Yield the rejects in the format of COPY."""
        self._text.seek(0)
        while chunk := self._text.read(SPOOL_BYTES):
            yield chunk


def copy_spools(cursor: Cursor[Any], spools: Sequence[RejectSpool]) -> None:
    """Write the rejects of several loads to the ledger."""
    if not any(spool.count for spool in spools):
        return  # a COPY of nothing takes as long as that of a small file
    with cursor.copy(REJECTS) as copy:
        for spool in spools:
            for chunk in spool.chunks():
                copy.write(chunk)


def require_tolerable(claim: Claim, account: Account, spool: RejectSpool) -> None:
    """Raise TooManyRejectsError if more rows are bad than the feed tolerates."""
    if not claim.feed.tolerance.allows(account.rejected, account.rows):
        raise TooManyRejectsError(claim, account, tuple(spool.first))
