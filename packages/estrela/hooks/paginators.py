"""Requests for the pages of an answer, one page after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from requests.utils import parse_header_links

from estrela.errors import SourceChangedError, bounded
from estrela.hooks.answer import PARSED_WHOLE, Answer
from estrela.hooks.request import Request
from estrela.model.paging import CursorPages, LinkedPages, NumberedPages, ODataPages, OffsetPages, OnePage, Paging


@dataclass(frozen=True)
class PageContent:
    """The content of one page: its records (None: not parsed), the total number of records, and the next request."""

    following: Request | None = None
    records: Sequence[object] | None = None
    total: int | None = None


class Paginator(Protocol):
    """Converts a request to the request for the first page, and each answer to the request for the next page."""

    def first(self, request: Request) -> Request: ...

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        """Return the content of ``answer`` to ``request``. Raises SourceChangedError if it has an unexpected shape."""
        ...


@dataclass(frozen=True)
class WholeFile:
    """The answer is one file of any form and size."""

    def first(self, request: Request) -> Request:
        return request

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        return PageContent()


@dataclass(frozen=True)
class OneDocument:
    """The answer is one JSON document, whose records are at the dotted path ``records``."""

    paging: OnePage = field(default_factory=OnePage)
    records: str = "value"

    def first(self, request: Request) -> Request:
        return request

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        """Return the records, or None for a document too large for memory, whose reader checks the shape."""
        if answer.body.size > PARSED_WHOLE:
            return PageContent()
        records = at_path(answer.json(source), self.records)
        return PageContent(records=records if isinstance(records, list) else None)


@dataclass(frozen=True)
class OffsetPaginator:
    """Pages of :class:`OffsetPages`."""

    paging: OffsetPages
    records: str = "value"

    def first(self, request: Request) -> Request:
        return request.with_params(**{self.paging.limit: str(self.paging.size), self.paging.offset: "0"})

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        records = _records(source, answer, self.records, self.paging.size)
        if len(records) < self.paging.size:
            return PageContent(None, records)
        offset = int(request.params[self.paging.offset]) + self.paging.size
        return PageContent(request.with_params(**{self.paging.offset: str(offset)}), records)


@dataclass(frozen=True)
class NumberedPaginator:
    """Pages of :class:`NumberedPages`."""

    paging: NumberedPages
    records: str = "value"

    def first(self, request: Request) -> Request:
        size = {self.paging.limit: str(self.paging.size)} if self.paging.limit else {}
        return request.with_params(**{self.paging.number: str(self.paging.first)}, **size)

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        records = _records(source, answer, self.records)
        if not records or (self.paging.limit and len(records) < self.paging.size):
            return PageContent(None, records)
        number = int(request.params[self.paging.number]) + 1
        return PageContent(request.with_params(**{self.paging.number: str(number)}), records)


@dataclass(frozen=True)
class FollowingPaginator:
    """Pages of :class:`CursorPages` and :class:`LinkedPages`: each page contains the request for the next one."""

    paging: CursorPages | LinkedPages
    records: str = "value"

    def first(self, request: Request) -> Request:
        return request

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        records = _records(source, answer, self.records)
        return PageContent(self._following(source, request, answer), records)

    def _following(self, source: str, request: Request, answer: Answer) -> Request | None:
        pointer = at_path(answer.json(source), self.paging.path) if self.paging.path else _next_link(answer)
        if pointer in (None, "", False):
            return None
        if isinstance(self.paging, CursorPages):
            return request.with_params(**{self.paging.cursor: str(pointer)})
        return request.following(answer.url, str(pointer))


@dataclass(frozen=True)
class ODataPaginator:
    """Pages of :class:`ODataPages`; ``@odata.nextLink`` overrides ``$skip`` (OData 4.01 JSON, section 4.5.5)."""

    paging: ODataPages = field(default_factory=ODataPages)
    records: str = "value"

    def first(self, request: Request) -> Request:
        order = {"$orderby": ",".join(self.paging.order_by)} if self.paging.order_by else {}
        count = {"$count": "true"} if self.paging.count else {}
        return request.with_params(**{"$top": str(self.paging.size), "$skip": "0"}, **order, **count)

    def read_page(self, source: str, request: Request, answer: Answer) -> PageContent:
        document = answer.json(source)
        records = _records(source, answer, self.records, self.paging.size)
        total = document.get("@odata.count")
        known = int(total) if str(total or "").isdecimal() or total == 0 else None
        link, received = str(document.get("@odata.nextLink") or ""), request.received + len(records)
        if link:
            return PageContent(replace(request.following(answer.url, link), received=received), records, known)
        # Next links also end after $top records. A service that returned a different number does not page by $top.
        if received != self.paging.size:
            return PageContent(None, records, known)
        skip = int(request.params["$skip"]) + self.paging.size
        return PageContent(replace(request.with_params(**{"$skip": str(skip)}), link="", received=0), records, known)


def paginator_of(paging: Paging, records: str) -> Paginator:
    """Return the paginator for the declared ``paging``, whose records are at the dotted path ``records``."""
    match paging:
        case OnePage():
            return OneDocument(paging, records)
        case OffsetPages():
            return OffsetPaginator(paging, records)
        case NumberedPages():
            return NumberedPaginator(paging, records)
        case CursorPages() | LinkedPages():
            return FollowingPaginator(paging, records)
        case ODataPages():
            return ODataPaginator(paging, records)


def _next_link(answer: Answer) -> str:
    """Return the target of the link relation ``next`` in the header ``Link``; "" if it is missing."""
    links = parse_header_links(answer.headers.get("link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), "")


def at_path(document: Any, path: str) -> Any:
    """Return the value at a dotted path of a JSON document; None if it is missing. ``""`` is the whole document."""
    node = document
    for name in path.split(".") if path else ():
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _records(source: str, answer: Answer, path: str, most: int = 0) -> list[object]:
    records = at_path(answer.json(source), path)
    if not isinstance(records, list):
        shape = f'{{"{path}": [...]}}' if path else "[...]"
        raise SourceChangedError(source, answer.url, expected=shape, received=bounded(answer.json(source), 100))
    if most and len(records) > most:
        raise SourceChangedError(
            source, answer.url, expected=f"at most {most} rows", received=f"a page of {len(records)} rows"
        )
    return records
