"""A client of one REST service: retries transient faults, raises final ones, and rejects incomplete answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from estrela.errors import (
    DefinitionError,
    ExtractError,
    SourceChangedError,
    SourceRejectedError,
    SourceUnavailableError,
    bounded,
)
from estrela.hooks.answer import Answer, BodyFormat, fault_of, seconds_to_wait
from estrela.hooks.body import Body
from estrela.hooks.breaker import Breaker
from estrela.hooks.http_policy import HttpPolicy
from estrela.hooks.http_session import HttpSession
from estrela.hooks.paginators import PageContent, Paginator, WholeFile
from estrela.hooks.parallel import in_completion_order
from estrela.hooks.reading import Reading
from estrela.hooks.request import Request
from estrela.hooks.retry import retrying

CHUNK = 256 * 1024
MOST_PAGES = 10_000
READINGS = 4
"""Maximum readings of an answer of several pages, until its pages are consistent."""
RETRIABLE = frozenset({408, 425, 429})
DEFAULT_POLICY = HttpPolicy()
WHOLE = WholeFile()
T = TypeVar("T")


class RestApiHook:
    """GET requests to one service, over one pooled session, from any number of threads.

    ``source`` names the service in errors. ``auth`` is an authentication object of requests. Redirects and links are
    followed only to ``base_url`` or one of the other declared ``hosts``. With ``stands_in``, requests to any host are
    sent to ``base_url``.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        policy: HttpPolicy = DEFAULT_POLICY,
        auth: AuthBase | None = None,
        hosts: Iterable[str] = (),
        stands_in: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise DefinitionError(source, f"base URL {base_url!r} is not a web address", ("https://...", "http://..."))
        self.source, self.base_url, self.policy = source, base_url, policy
        self._sleep, self._has_auth, self._stands_in = sleep, auth is not None, stands_in
        self._session = HttpSession(source, base_url, policy, auth, hosts)

    def __enter__(self) -> RestApiHook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def request(
        self, url: str, params: Mapping[str, str] | None = None, asked: Mapping[str, str] | None = None
    ) -> Request:
        """Return the request for a declared URL; without ``params``, the URL's own query is kept unchanged."""
        parts = urlsplit(url)
        host = self.base_url if self._stands_in else f"{parts.scheme}://{parts.netloc}"
        if params is None and parts.query:
            return Request(parts.path, asked=asked or {}, link=f"{host}{parts.path}?{parts.query}")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(f"{host}{parts.path}", {**given, **(params or {})}, asked or {})

    def get(self, request: Request, expected: BodyFormat = "json") -> Answer:
        """Return one answer: 200 with a valid body, 204, or 304 to a conditional request.

        Raises SourceUnavailableError after the last retry, SourceRejectedError on other statuses, and
        SourceChangedError if the body exceeds the policy's size.
        """
        deadline = time.monotonic() + self.policy.deadline
        answer: Answer = retrying(self.source, self.policy, self._sleep)(self._attempt, request, expected, deadline)
        return answer

    def pages(
        self, request: Request, paginator: Paginator = WHOLE, expected: BodyFormat = "json"
    ) -> Iterator[tuple[Answer, PageContent]]:
        """Yield each page of one answer with its content, keeping only one page at a time.

        Raises the errors of ``get``, and SourceChangedError if the pages never end.
        """
        asked: Request | None = paginator.first(request)
        number, before = 0, ""
        while asked:
            answer = self.get(asked, expected)
            number += 1
            if number > 1 and answer.body.sha256 == before:
                again = f"page {number - 1} again"
                raise SourceChangedError(self.source, answer.url, expected=f"page {number}", received=again)
            if number > MOST_PAGES:
                most = f"at most {MOST_PAGES:,} pages"
                raise SourceChangedError(self.source, answer.url, expected=most, received="more")
            is_last = answer.is_absent or answer.is_unchanged
            page = PageContent() if is_last else paginator.read_page(self.source, asked, answer)
            before, asked = answer.body.sha256, page.following
            yield answer, page

    def whole(
        self, request: Request, take: Callable[[Answer], T], paginator: Paginator = WHOLE, expected: BodyFormat = "json"
    ) -> tuple[list[T], Reading]:
        """Return the result of ``take`` for each page of an answer whose pages are consistent.

        ``take`` is called as each page arrives. A doubtful answer is read again; it is accepted if two successive
        readings have the same pages. Raises the errors of ``pages``, and SourceUnavailableError if the pages are still
        inconsistent.
        """
        before: Reading | None = None
        for _ in range(READINGS):
            reading, taken = Reading(), []
            for answer, page in self.pages(request, paginator, expected):
                reading.add(answer.body.sha256, page)
                taken.append(take(answer))
                answer.body.close()
            if not reading.suspected_gap or reading.confirms(before):
                return taken, reading
            before = reading
        problem = f"{bounded(request.url(self.base_url))}: {reading.suspected_gap}, in each of {READINGS} readings"
        raise SourceUnavailableError(self.source, f"{problem}; declare order_by or larger pages")

    def gather(
        self, wanted: Iterable[Request], take: Callable[[Request], T]
    ) -> Iterator[tuple[Request, T | ExtractError]]:
        """Yield each request with its result of ``take`` or its error, in the order of completion, with bounded
        concurrency.

        After ``give_up_after`` consecutive failures the rest is not sent, and the error of each such request says so.
        """
        breaker = Breaker(self.source, self.policy.give_up_after)

        def answered(request: Request) -> tuple[Request, T | ExtractError]:
            try:
                breaker.check()
                taken = take(request)
            except ExtractError as error:
                breaker.failed()
                return request, error
            breaker.passed()
            return request, taken

        yield from in_completion_order(answered, wanted, self.policy.concurrency, self.source)

    def _attempt(self, request: Request, expected: BodyFormat, deadline: float) -> Answer:
        url = request.url(self.base_url)
        remaining = max(0.001, deadline - time.monotonic())
        timeout = (min(self.policy.connect_timeout, remaining), min(self.policy.read_timeout, remaining))
        try:
            with self._session.get(url, request.headers, timeout) as response:
                body = self._body(response, url, deadline)
        except (requests.RequestException, HTTPError) as error:
            # The texts of these errors may contain header fields and proxies; the class name is enough.
            raise SourceUnavailableError(self.source, f"{bounded(url)}: {_reason(error)}") from error
        return self._judged(response, url, body, expected)

    def _body(self, response: requests.Response, url: str, deadline: float) -> Body:
        body = Body()
        while part := response.raw.read1(CHUNK, decode_content=True):
            body.append(part)
            if body.size > self.policy.largest_body:
                limit = f"at most {self.policy.largest_body:,} bytes"
                raise SourceChangedError(self.source, url, expected=limit, received="a larger body")
            if time.monotonic() > deadline + body.size / self.policy.slowest:
                problem = f"{bounded(url)}: not complete within {self.policy.deadline:g} s"
                raise SourceUnavailableError(self.source, problem, status=response.status_code)
        return body

    def _judged(self, response: requests.Response, url: str, body: Body, expected: BodyFormat) -> Answer:
        status, now = response.status_code, datetime.now(UTC).replace(microsecond=0)
        if status >= 500 or status in RETRIABLE:
            seconds = seconds_to_wait(response.headers.get("Retry-After", ""), now)
            problem = f"{bounded(url)}: HTTP {status}"
            raise SourceUnavailableError(self.source, problem, status=status, retry_after=seconds)
        if status not in (200, 204, 304):
            raise SourceRejectedError(
                self.source, f"{bounded(url)}: HTTP {status}{self._refusal_text(body)}", status=status
            )
        fault = fault_of(body, expected) if status == 200 else ""
        if fault:
            raise SourceUnavailableError(self.source, f"{bounded(url)}: {fault} with HTTP 200", status=status)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status, url, headers, body, now)

    def _refusal_text(self, body: Body) -> str:
        """Return the start of a refusal's text; "" if it is markup or could echo a credential."""
        text = body.head(4096).decode("utf-8", "replace").strip()
        return f", {bounded(text, 120)}" if text and not text.startswith("<") and not self._has_auth else ""


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout) or "Timeout" in type(error).__name__:
        return "timed out"
    if "Incomplete" in repr(error):
        return "the body was truncated"
    return f"the connection failed ({type(error).__name__})"
