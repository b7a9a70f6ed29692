"""Readings of all pages of one answer, and the test that these belong together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from estrela.hooks.paginators import Turn


class Reading:
    """One pass over the pages of an answer.

    Services that sort anew for each page repeat records on one page that they leave out on another. So a record that
    is on two pages, or a number of records that is not the one the service states, makes a reading doubtful. It holds
    8 bytes of hash per record of an answer of several pages.
    """

    def __init__(self) -> None:
        self.contents: list[str] = []
        self.records: int | None = 0
        self._seen: set[int] = set()
        self._repeated = 0
        self._totals: set[int] = set()

    def add(self, sha256: str, turn: Turn) -> None:
        """Take in one page by its content's hash and what it says."""
        self.contents.append(sha256)
        if turn.total is not None:
            self._totals.add(turn.total)
        if turn.records is None:
            self.records = None
        elif self.records is not None:
            self.records += len(turn.records)
            if turn.following or len(self.contents) > 1:
                self._compare(turn.records)

    def _compare(self, records: Sequence[object]) -> None:
        page = {_digest(record) for record in records}
        self._repeated += len(page & self._seen)
        self._seen |= page

    @property
    def doubt(self) -> str:
        """The reason to believe that records are missing; "" if there is none."""
        if self._totals and self._totals != {self.records}:
            stated = " and ".join(str(total) for total in sorted(self._totals))
            return f"{self.records} records came where the service counts {stated}"
        return f"{self._repeated} records are on two pages, so the order changed between pages" * bool(self._repeated)

    def confirms(self, other: Reading | None) -> bool:
        """Return whether two doubtful readings had the same pages: equal records in the same order."""
        return other is not None and self.contents == other.contents and not self._totals - {self.records}


def _digest(record: object) -> int:
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
