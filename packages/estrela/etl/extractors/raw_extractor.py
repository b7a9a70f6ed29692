"""Extraction of one source: send requests, store new answers, withdraw lost answers, then judge failures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import floor
from typing import Generic, Protocol, TypeVar

from estrela.errors import ExtractError, SettingsError, SourceChangedError, some_of
from estrela.etl.base import ETLBase, Figures
from estrela.etl.extractor import Extractor
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawAnswer
from estrela.etl.raw.receipt import Receipt
from estrela.etl.raw.request_id import request_id
from estrela.etl.raw.world_record import WorldRecord
from estrela.model.source import Source
from estrela.world import World, require_near


@dataclass(frozen=True)
class Scope:
    """The extent of an extract on ``day`` (UTC).

    ``parameters`` maps run parameters to their values; a parameter without values does not limit the extract.
    ``full_refresh`` sends all requests, even if their answers are known, and stores the answers again.
    """

    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    full_refresh: bool = False
    day: date = field(default_factory=lambda: datetime.now(UTC).date())

    @property
    def is_limited(self) -> bool:
        """Return whether run parameters may exclude requests."""
        return any(self.parameters.values())

    def holds(self, source: Source, request: Mapping[str, str]) -> bool:
        """Return whether the run parameters of ``source`` include ``request``."""
        return all(
            parameter.selects(self.parameters.get(parameter.name, ()), request) for parameter in source.run_parameters
        )

    def require_known(self, source: Source, requests: Sequence[Mapping[str, str]]) -> None:
        """Raise SettingsError for the first run parameter value that matches none of the source's ``requests``."""
        for parameter in source.run_parameters:
            for value in self.parameters.get(parameter.name, ()):
                if not any(parameter.selects((value,), request) for request in requests):
                    problem = f"{parameter.name} {value} does not exist in source {source.name}"
                    raise SettingsError("--params", f"{problem}; available: {_extent(parameter.keys, requests)}")


def _extent(keys: Sequence[str], requests: Sequence[Mapping[str, str]]) -> str:
    """Return the first and the last of the requests by ``keys`` as text for people."""
    parts = sorted({tuple((key, request[key]) for key in keys if key in request) for request in requests})
    named = [",".join(f"{key}={value}" for key, value in part) for part in parts]
    return f"{named[0]} to {named[-1]}" if named else "none"


class HasRequest(Protocol):
    """An item to fetch, with the request under which the raw layer stores it."""

    @property
    def asked(self) -> Mapping[str, str]:
        """The request in the terms of the source."""


R = TypeVar("R", bound=HasRequest)
Result = RawAnswer | ExtractError | None
"""The result of a request; None if the source reports no change."""


@dataclass(frozen=True)
class Wanted(Generic[R]):
    """Everything that a source currently offers.

    Known requests that are not among ``items`` are withdrawn, unless the list is not ``complete``, or ``spared``
    returns their ID for the items that failed. ``replaced`` has the IDs of requests that the source itself declares as
    gone.
    """

    items: Sequence[R]
    complete: bool = True
    replaced: frozenset[str] = frozenset()
    spared: Callable[[Sequence[R]], frozenset[str]] = lambda failed: frozenset()


@dataclass(frozen=True)
class Failed(Generic[R]):
    """An item that could not be fetched, with the error."""

    item: R
    error: ExtractError


@dataclass(frozen=True)
class Received(Generic[R]):
    """Results of a run's requests that are not yet in the receipt: failures, and answers that have become empty."""

    failed: list[Failed[R]] = field(default_factory=list)
    emptied: list[RawAnswer] = field(default_factory=list)


@dataclass(frozen=True)
class RawExtractor(Extractor, Generic[R]):
    """Extracts ``source`` into ``raw``. A subclass per kind of origin lists the items and fetches them."""

    source: Source
    raw: RawLayer
    scope: Scope

    @abstractmethod
    def wanted(self, known: Mapping[str, RawAnswer]) -> Wanted[R]:
        """Return everything that the source currently offers; ``known`` has the newest answers by request ID."""

    @abstractmethod
    def fetch(self, items: Sequence[R], receipt: Receipt) -> Iterator[tuple[R, Result]]:
        """Yield each item with its result. The bodies of an answer are stored in ``receipt`` before it is yielded."""

    def is_due(self, item: R, known: RawAnswer | None) -> bool:
        """Return whether an item is requested today; ``known`` is its newest answer."""
        return True

    @property
    def tolerated(self) -> float:
        """The share of requests that may fail."""
        return self.source.tolerance.requests

    @property
    def commits_at_end(self) -> bool:
        """Return whether the answers must be committed together, after all of them have been received."""
        return False

    def run(self) -> Figures:
        """Send all requests that are due, store new answers as they arrive, and report the figures.

        Raises an ExtractError with all failures if more requests failed than the source tolerates, and
        SourceChangedError if more answers disappeared than may be withdrawn at once; answers received before are then
        in the raw layer. Raises SettingsError, before any request, if a run parameter has a value that the source does
        not have.
        """
        began = datetime.now(UTC)
        full = self.scope.full_refresh
        receipt = self.raw.receipt(self.source.name, afresh=full)
        known = receipt.known
        wanted = self.wanted(known)
        if wanted.complete:
            self.scope.require_known(self.source, [item.asked for item in wanted.items])
        selected = [item for item in wanted.items if self.scope.holds(self.source, item.asked)]
        due = [item for item in selected if full or self.is_due(item, known.get(request_id(item.asked)))]
        if not self.commits_at_end:
            receipt.expect(len(due))
        try:
            received = self._receive(due, receipt)
            for answer in self._withdrawn(wanted, known, received):
                receipt.answered(answer)
        except BaseException:
            if self.commits_at_end:
                receipt.discard()
            raise
        finally:
            receipt.close()
        self._judge([failure.error for failure in received.failed], len(due))
        if not self.scope.is_limited and not (due and len(received.failed) == len(due)):
            self.raw.note_answered(self.source.name, began)
        return {"source": self.source.name, "requests": len(due), **receipt.figures()}

    def _receive(self, due: Sequence[R], receipt: Receipt) -> Received[R]:
        """Fetch due items into ``receipt``; answers that have become empty are returned instead."""
        received = Received[R]()
        for item, result in self.fetch(due, receipt):
            if isinstance(result, ExtractError):
                receipt.failed(item.asked, result)
                received.failed.append(Failed(item, result))
            elif result is None:
                receipt.unchanged(item.asked)
            elif result.is_empty and not receipt.known.get(result.request_id, result).is_empty:
                received.emptied.append(result)
            else:
                receipt.answered(result)
        return received

    def _withdrawn(self, wanted: Wanted[R], known: Mapping[str, RawAnswer], received: Received[R]) -> list[RawAnswer]:
        """Return empty answers and withdrawals, which replace the answers that the source no longer has.

        Raises SourceChangedError if they are suspiciously many.
        """
        held = {name for name, answer in known.items() if not answer.is_empty}
        gone = self._gone(wanted, known, [failure.item for failure in received.failed])
        lost = sorted(({*gone} & held | {answer.request_id for answer in received.emptied}) - wanted.replaced)
        allowed = max(1, floor(self.source.tolerance.withdrawals * len(held)))
        if len(lost) > allowed and not self.scope.full_refresh:
            hint = "if the source has really removed this data, run with full_refresh"
            raise SourceChangedError(
                self.source.name,
                f"the {len(held)} known requests",
                expected=f"data for at least {len(held) - allowed} of them",
                received=f"none for {len(lost)}, such as {some_of(lost, 3)}; {hint}",
            )
        now = datetime.now(UTC).replace(microsecond=0)
        return [*received.emptied, *(RawAnswer(known[name].request, now) for name in gone)]

    def _gone(self, wanted: Wanted[R], known: Mapping[str, RawAnswer], failed: Sequence[R]) -> list[str]:
        """Return the IDs of known requests that the source no longer offers."""
        if not wanted.complete or self.scope.is_limited:
            return []
        now = {request_id(item.asked) for item in wanted.items} | wanted.spared(failed)
        return [name for name in sorted(known) if known[name].pages and name not in now]

    def _judge(self, failures: Sequence[ExtractError], asked: int) -> None:
        allowed = floor(self.tolerated * asked)
        if len(failures) > allowed:
            raise failures[0] if asked == 1 else ExtractError.of(self.source.name, failures, asked, allowed)
        if failures:
            self.log.warning(
                "requests failed, not more than are tolerated",
                source=self.source.name,
                failed=len(failures),
                some=some_of(failures, 3),
            )


@dataclass(frozen=True)
class ExtractStep(ETLBase):
    """Runs the extractors of one entity in the order of their dependencies. A failed one does not stop the others.

    A lake accepts data from only one ``world``: production, or one stand-in.
    """

    entity: str
    extractors: Sequence[RawExtractor[HasRequest]]
    world: World
    record: WorldRecord

    def run(self) -> Figures:
        """Run each extractor.

        Raises SettingsError if a stand-in is not near or the lake has data of another world. Raises the only
        ExtractError that occurred, or one that lists all of them.
        """
        require_near(self.world)
        self.record.claim(self.world)
        figures: list[Figures] = []
        failures: list[ExtractError] = []
        for extractor in self.extractors:
            try:
                figures.append(extractor.execute())
            except ExtractError as error:
                failures.append(error)
            finally:
                extractor.close()
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExtractError.of(self.entity, failures, len(self.extractors), 0)
        return {"entity": self.entity, "new_files": sum(int(str(counts["new_files"])) for counts in figures)}
