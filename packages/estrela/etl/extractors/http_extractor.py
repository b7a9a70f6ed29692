"""Extractor of answers over HTTP, fetched page by page through a RestApiHook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from estrela.etl.extractors.raw_extractor import RawExtractor, Result
from estrela.etl.raw.raw_file import Page, RawAnswer
from estrela.etl.raw.receipt import Receipt
from estrela.etl.raw.request_id import request_id
from estrela.hooks.answer import Answer, BodyFormat
from estrela.hooks.paginators import OneDocument, Paginator, WholeFile
from estrela.hooks.request import Request
from estrela.hooks.rest_api import RestApiHook
from estrela.model.source import ApiSource


@dataclass(frozen=True)
class Kept:
    """An HTTP answer whose body is stored; ``page`` is None if it had no body."""

    at: datetime
    is_unchanged: bool
    page: Page | None


@dataclass(frozen=True)
class HttpExtractor(RawExtractor[Request]):
    """A RawExtractor whose items are HTTP requests, made through ``hook``."""

    hook: RestApiHook

    @property
    def paginator(self) -> Paginator:
        """The paging of answers: records of an API, or one whole file."""
        return OneDocument(records=self.source.records) if isinstance(self.source, ApiSource) else WholeFile()

    @property
    def body_format(self) -> BodyFormat:
        """The format that a complete body must have."""
        return "json" if isinstance(self.source, ApiSource) else "text"

    def fetch(self, items: Sequence[Request], receipt: Receipt) -> Iterator[tuple[Request, Result]]:
        known = {} if self.scope.full_refresh else receipt.known
        asked = [replace(item, headers=_validators(known.get(request_id(item.asked)))) for item in items]
        yield from self.hook.gather(asked, partial(self._answer, receipt))

    def close(self) -> None:
        self.hook.close()

    def _answer(self, receipt: Receipt, request: Request) -> RawAnswer | None:
        """Fetch a complete answer and store its pages; return None if the service reports no change."""
        kept, reading = self.hook.whole(request, partial(_stored, receipt), self.paginator, self.body_format)
        if kept[0].is_unchanged:
            return None
        pages = tuple(kept_answer.page for kept_answer in kept if kept_answer.page)
        return RawAnswer(request.asked, kept[0].at, pages, reading.records if pages else 0)


def _stored(receipt: Receipt, answer: Answer) -> Kept:
    if answer.status != 200:
        return Kept(answer.fetched_at, answer.is_unchanged, None)
    receipt.store(answer.body)
    return Kept(answer.fetched_at, False, _page(answer))


def _page(answer: Answer) -> Page:
    return Page(
        url=answer.url,
        size=answer.body.size,
        sha256=answer.body.sha256,
        etag=answer.headers.get("etag", ""),
        last_modified=answer.headers.get("last-modified", ""),
    )


def _validators(known: RawAnswer | None) -> Mapping[str, str]:
    """Return the headers of a conditional request, or none if the answer has several pages, each with a validator."""
    if known is None or len(known.pages) != 1:
        return {}
    (page,) = known.pages
    fields = {"If-None-Match": page.etag, "If-Modified-Since": page.last_modified}
    return {name: value for name, value in fields.items() if value}
