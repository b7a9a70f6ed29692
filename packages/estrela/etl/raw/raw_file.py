"""Answers in the raw layer: the response of a source to a request, and the stored files of that response."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from estrela.etl.raw.request_id import request_id


@dataclass(frozen=True)
class Page:
    """A stored body: its URL, its content, and the validators that the source sent ("" for none)."""

    url: str
    size: int
    sha256: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class RawAnswer:
    """The answer of a source to ``request`` at ``fetched_at`` (UTC), the time when its first page was complete.

    All pages are one snapshot, so they share one time. An answer without pages means that the source has nothing, or
    nothing any more, for the request. ``records`` counts the records of all pages if the source's format is known.
    """

    request: Mapping[str, str]
    fetched_at: datetime
    pages: tuple[Page, ...] = ()
    records: int | None = None

    @property
    def request_id(self) -> str:
        """The request as comparable text."""
        return request_id(self.request)

    @property
    def is_empty(self) -> bool:
        """Return whether the source has nothing for the request: no file, or one without records."""
        return not self.pages or self.records == 0

    @property
    def content(self) -> tuple[str, ...]:
        """The sha256 of each page. Two answers with the same content are the same state of the source."""
        return tuple(page.sha256 for page in self.pages)


@dataclass(frozen=True)
class RawFile:
    """An entry of the log: from ``fetched_at`` (UTC) on, the object ``key`` is the answer to ``request``.

    ``version`` is the log version of the answer that the page belongs to; the pages of the highest version are the
    current answer. ``withdrawn`` marks an answer without pages: it has no object, and it supersedes older answers.
    """

    source: str
    request: Mapping[str, str]
    page: int
    url: str
    fetched_at: datetime
    size: int
    sha256: str
    key: str
    version: int
    etag: str = ""
    last_modified: str = ""
    withdrawn: bool = False

    @cached_property
    def request_id(self) -> str:
        """The request as comparable text, such as ``quarter=4,year=2021``."""
        return request_id(self.request)

    @cached_property
    def received_on(self) -> str:
        """The day of receipt, UTC, such as ``2025-07-01``."""
        return str(self.fetched_at.date())


def files_of(source: str, prefix: str, version: int, answer: RawAnswer) -> list[RawFile]:
    """Return the entries of an answer: one per page, or a single one that marks a withdrawal."""
    request, at = dict(sorted(answer.request.items())), answer.fetched_at
    if not answer.pages:
        return [RawFile(source, request, 0, "", at, 0, "", "", version, withdrawn=True)]
    return [
        RawFile(
            source=source,
            request=request,
            page=number,
            url=page.url,
            fetched_at=at,
            size=page.size,
            sha256=page.sha256,
            key=object_key(prefix, page.sha256),
            version=version,
            etag=page.etag,
            last_modified=page.last_modified,
        )
        for number, page in enumerate(answer.pages)
    ]


def object_key(prefix: str, sha256: str) -> str:
    """Return the key of a content below its source's prefix."""
    return f"{prefix}/objects/{sha256}"


def current(files: Iterable[RawFile]) -> list[RawFile]:
    """Return the newest answer to each request, with all its pages, in the order of requests and pages.

    A request whose newest answer is a withdrawal has no file.
    """
    newest: dict[str, int] = {}
    listed = [(file.request_id, file) for file in files]
    for identifier, file in listed:
        newest[identifier] = max(file.version, newest.get(identifier, 0))
    kept = [
        (identifier, file) for identifier, file in listed if file.version == newest[identifier] and not file.withdrawn
    ]
    return [file for _, file in sorted(kept, key=lambda pair: (pair[0], pair[1].page))]
