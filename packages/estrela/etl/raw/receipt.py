"""The requests of one run to a source, with their outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from estrela.errors import bounded
from estrela.etl.raw.asked import Asked, AskedLog, Outcome
from estrela.etl.raw.intake import Intake
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.request_id import request_id
from estrela.hooks.body import Body

BATCHES = 100
LARGEST_BATCH = 256


class Receipt:
    """Adds answers to the log, and all requests with their outcomes to the daily record."""

    def __init__(self, intake: Intake, asked: AskedLog) -> None:
        self._intake, self._asked = intake, asked
        self._outcomes: Counter[Outcome] = Counter()
        self.known = intake.known
        """The newest answer to each request when the run began, by request ID, including withdrawn ones."""

    def expect(self, requests: int) -> None:
        """Commit after each hundredth of the expected ``requests``, instead of once at the end."""
        self._intake.batch = min(max(requests // BATCHES, 1), LARGEST_BATCH)

    def store(self, body: Body) -> None:
        """Store a body, so that its answer may refer to it. May be called from any thread."""
        self._intake.store(body)

    def answered(self, answer: RawAnswer) -> None:
        """Add an answer whose bodies are stored."""
        is_news = self._intake.add(answer)
        empty: Outcome = "withdrawn" if is_news else "absent"
        outcome: Outcome = empty if not answer.pages else "changed" if is_news else "unchanged"
        self._record(Asked(answer.request, answer.fetched_at, outcome, answer.records))

    def unchanged(self, request: Mapping[str, str]) -> None:
        """Record that the source reports no change for the request."""
        known = self.known.get(request_id(request))
        self._record(Asked(request, _now(), "unchanged", known.records if known else None))

    def failed(self, request: Mapping[str, str], error: Exception) -> None:
        """Record that the request was not answered."""
        self._record(Asked(request, _now(), "failed", error=bounded(error)))

    def discard(self) -> None:
        """Discard the answers that are not committed yet."""
        self._intake.discard()

    def close(self) -> None:
        """Commit the answers and write the daily record."""
        try:
            self._intake.commit()
        finally:
            self._asked.flush()

    def figures(self) -> dict[str, object]:
        """Return the counts of the run."""
        pages = [page for logged in self._intake.added for page in logged.answer.pages]
        return {
            "not_published": self._outcomes["absent"],
            "unchanged": self._outcomes["unchanged"],
            "withdrawn": self._outcomes["withdrawn"],
            "failed": self._outcomes["failed"],
            "new_files": len(pages),
            "new_bytes": sum(page.size for page in pages),
        }

    def _record(self, asked: Asked) -> None:
        self._outcomes[asked.outcome] += 1
        self._asked.add(asked)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
