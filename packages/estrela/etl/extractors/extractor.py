"""Take one source in: ask, keep what came, then judge what did not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from math import floor

from estrela import logger
from estrela.errors import ExtractError, some_of
from estrela.etl.base import ETLBase, Figures
from estrela.etl.raw.layer import Arrival, RawFile, RawLayer, current, request_id
from estrela.hooks.answer import Answer, BodyFormat
from estrela.hooks.paginators import Paginator, SinglePage
from estrela.hooks.request import Request
from estrela.hooks.rest_api import RestApiHook
from estrela.model.source import ApiSource, Source


@dataclass(frozen=True)
class Scope:
    """How much is asked for on which ``day`` (UTC).

    ``parameters`` are the values of run parameters by name; a parameter without values limits nothing.
    ``full_refresh`` asks for everything, known or not.
    """

    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    full_refresh: bool = False
    day: date = field(default_factory=lambda: datetime.now(UTC).date())

    def holds(self, source: Source, request: Mapping[str, str]) -> bool:
        """Return whether the run parameters of ``source`` let it be asked for ``request``."""
        return all(
            parameter.selects(self.parameters.get(parameter.name, ()), request) for parameter in source.run_parameters
        )


@dataclass(frozen=True)
class Extractor(ETLBase):
    """Extracts ``source`` through ``hook`` into ``raw``. A kind of origin is a subclass that knows its requests."""

    source: Source
    hook: RestApiHook
    raw: RawLayer
    scope: Scope

    @abstractmethod
    def requests(self) -> Sequence[Request]:
        """Everything to ask for now."""

    @property
    def paginator(self) -> Paginator:
        """How an answer goes on."""
        return SinglePage()

    @property
    def tolerated(self) -> float:
        """The share of requests that may fail."""
        return self.source.tolerance.requests

    def run(self) -> Figures:
        """Ask for everything, write what is new to raw, report the figures.

        Raises an ExtractError with all failures if more requests failed than the source tolerates; what did arrive
        is in raw then.
        """
        wanted = self._conditional(self.requests())
        arrivals: list[Arrival] = []
        failures: list[ExtractError] = []
        absent = unchanged = 0
        for request, result in self.hook.gather(wanted, self.paginator, self.body_format):
            if isinstance(result, ExtractError):
                failures.append(result)
                continue
            absent += any(answer.is_absent for answer in result)
            unchanged += any(answer.is_unchanged for answer in result)
            arrivals += _arrivals(request, result)
        fresh = self.raw.write(self.source.name, arrivals)
        self._judge(failures, len(wanted))
        return {
            "source": self.source.name,
            "requests": len(wanted),
            "not_published": absent,
            "not_modified": unchanged,
            "failed": len(failures),
            "new_files": len(fresh),
            "new_bytes": sum(file.size for file in fresh),
        }

    @property
    def body_format(self) -> BodyFormat:
        """What a sound body is."""
        return "json" if isinstance(self.source, ApiSource) else "text"

    def _judge(self, failures: Sequence[ExtractError], asked: int) -> None:
        allowed = floor(self.tolerated * asked)
        if len(failures) > allowed:
            raise failures[0] if asked == 1 else ExtractError.of(self.source.name, failures, asked, allowed)
        if failures:
            logger.warning(
                "tolerated failed requests", source=self.source.name, failed=len(failures), some=some_of(failures, 3)
            )

    def _conditional(self, wanted: Sequence[Request]) -> Sequence[Request]:
        """The requests with the validators of the current answers, so that the service may say "not modified"."""
        if self.scope.full_refresh:
            return wanted
        known = _validators(self.raw.files(self.source.name))
        return [replace(request, headers=known.get(request_id(request.asked), {})) for request in wanted]


@dataclass(frozen=True)
class ExtractStep(ETLBase):
    """The extractors of one entity, in the order in which they need each other; one that fails stops no other."""

    entity: str
    extractors: Sequence[Extractor]

    def run(self) -> Figures:
        """Run each. Raises the one ExtractError that occurred, or one that lists them all."""
        figures: list[Figures] = []
        failures: list[ExtractError] = []
        for extractor in self.extractors:
            try:
                with extractor.hook:
                    figures.append(extractor.run())
            except ExtractError as error:
                failures.append(error)
            else:
                logger.event("extracted", **figures[-1])
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExtractError.of(self.entity, failures, len(self.extractors), 0)
        return {"entity": self.entity, "new_files": sum(int(str(one["new_files"])) for one in figures)}


def _arrivals(request: Request, answers: Iterable[Answer]) -> list[Arrival]:
    return [
        Arrival(
            request=request.asked,
            page=page,
            url=answer.url,
            body=answer.body,
            fetched_at=answer.fetched_at,
            etag=answer.headers.get("etag", ""),
            last_modified=answer.headers.get("last-modified", ""),
        )
        for page, answer in enumerate(answers)
        if answer.status == 200
    ]


def _validators(files: Iterable[RawFile]) -> dict[str, dict[str, str]]:
    """Header fields per request id; none for answers of several pages, which have a validator per page."""
    pages: dict[str, list[RawFile]] = {}
    for file in current(files):
        pages.setdefault(file.request_id, []).append(file)
    whole = {asked: found[0] for asked, found in pages.items() if len(found) == 1}
    fields = {
        asked: {"If-None-Match": file.etag, "If-Modified-Since": file.last_modified} for asked, file in whole.items()
    }
    return {asked: {name: value for name, value in given.items() if value} for asked, given in fields.items()}
