"""One reading of all pages of an answer, and the test that the pages are consistent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from estrela.hooks.paginators import PageContent


class Reading:
    """One pass over the pages of an answer.

    Services that sort anew for each page may repeat records on one page and omit them on another. A reading is
    therefore doubtful if a record is on two pages, or if the number of records differs from the service's total. For an
    answer of several pages it keeps an 8-byte hash of each record.
    """

    def __init__(self) -> None:
        self.contents: list[str] = []
        self.records: int | None = 0
        self._seen: set[int] = set()
        self._repeated = 0
        self._totals: set[int] = set()

    def add(self, sha256: str, page: PageContent) -> None:
        """Add one page: the hash of its content, and its records and total."""
        self.contents.append(sha256)
        if page.total is not None:
            self._totals.add(page.total)
        if page.records is None:
            self.records = None
        elif self.records is not None:
            self.records += len(page.records)
            if page.following or len(self.contents) > 1:
                self._compare(page.records)

    def _compare(self, records: Sequence[object]) -> None:
        page = {_digest(record) for record in records}
        self._repeated += len(page & self._seen)
        self._seen |= page

    @property
    def suspected_gap(self) -> str:
        """The reason to suspect that records are missing; "" if there is none."""
        if self._totals and self._totals != {self.records}:
            stated = " and ".join(str(total) for total in sorted(self._totals))
            return f"{self.records} records were received, but the service counts {stated}"
        return f"{self._repeated} records are on two pages, so the order changed between pages" * bool(self._repeated)

    def confirms(self, other: Reading | None) -> bool:
        """Return whether two doubtful readings have the same pages: the same records in the same order."""
        return other is not None and self.contents == other.contents and not self._totals - {self.records}


def _digest(record: object) -> int:
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
