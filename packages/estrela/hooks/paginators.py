"""How an answer of many pages is asked for, page by page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from estrela.errors import SourceChangedError, bounded
from estrela.hooks.answer import Answer
from estrela.hooks.request import Request


class Paginator(Protocol):
    """Turns a request into its first page, and an answer into the request for the next one."""

    def first(self, request: Request) -> Request: ...

    def following(self, source: str, request: Request, answer: Answer) -> Request | None:
        """The request for the page after ``answer``; None after the last."""
        ...


@dataclass(frozen=True)
class SinglePage:
    """The answer is whole."""

    def first(self, request: Request) -> Request:
        return request

    def following(self, source: str, request: Request, answer: Answer) -> Request | None:
        return None


@dataclass(frozen=True)
class ODataPages:
    """``$top`` and ``$skip`` until a page is shorter than ``top``; for services that send no next link."""

    top: int = 100

    def first(self, request: Request) -> Request:
        return replace(request, params={**request.params, "$top": str(self.top), "$skip": "0"})

    def following(self, source: str, request: Request, answer: Answer) -> Request | None:
        """Raises SourceChangedError if the answer has no list named ``value``, or more rows than asked for."""
        rows = odata_rows(source, answer)
        if len(rows) > self.top:
            raise SourceChangedError(
                source, answer.url, expected=f"at most {self.top} rows", found=f"a page of {len(rows)} rows"
            )
        if len(rows) < self.top:
            return None
        skip = int(request.params["$skip"]) + self.top
        return replace(request, params={**request.params, "$skip": str(skip)})


def odata_rows(source: str, answer: Answer) -> list[dict[str, object]]:
    """The objects of an OData answer; raises SourceChangedError if it is none."""
    found = answer.json(source)
    rows = found.get("value") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise SourceChangedError(source, answer.url, expected='{"value": [...]}', found=bounded(found, 100))
    return rows
