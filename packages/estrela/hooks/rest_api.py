"""A client of one REST service that retries what may pass, refuses what cannot, and never takes half an answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
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
from estrela.hooks.http_policy import HttpPolicy
from estrela.hooks.paginators import Paginator, SinglePage
from estrela.hooks.request import Request

CHUNK = 64 * 1024
LONGEST_ANSWER = 1000
RETRIABLE = frozenset({408, 425, 429})
DEFAULT_POLICY = HttpPolicy()
WHOLE = SinglePage()


class RestApiHook:
    """GET requests to one service, over one pooled session, from any number of threads.

    ``source`` names the service in errors. ``auth`` is any of requests' auths; with one, redirects are refused, since
    they would carry its header to another host.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        policy: HttpPolicy = DEFAULT_POLICY,
        auth: AuthBase | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise DefinitionError(source, f"base URL {base_url!r} is not a web address", ("https://...", "http://..."))
        self.source, self.base_url, self.policy = source, base_url, policy
        self._auth, self._sleep = auth, sleep
        self._session = _session(base_url, policy)

    def __enter__(self) -> RestApiHook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(self, request: Request, expected: BodyFormat = "json") -> Answer:
        """One answer: 200 with a sound body, 204, or 304 to a conditional request.

        Raises SourceUnavailableError after the last retry, SourceRejectedError on other statuses, and
        SourceChangedError for a body above the policy's size.
        """
        deadline = time.monotonic() + self.policy.deadline
        retrying = Retrying(
            sleep=self._sleep,
            retry=retry_if_exception_type(SourceUnavailableError),
            wait=self._wait,
            stop=_any(
                stop_after_attempt(self.policy.attempts),
                stop_before_delay(self.policy.deadline),
                self._told_to_wait_too_long,
            ),
            retry_error_callback=self._give_up,
        )
        answer: Answer = retrying(self._attempt, request, expected, deadline)
        return answer

    def pages(self, request: Request, paginator: Paginator = WHOLE, expected: BodyFormat = "json") -> list[Answer]:
        """All pages of one answer; raises what ``get`` raises, and SourceChangedError if the pages never end."""
        asked: Request | None = paginator.first(request)
        answers: list[Answer] = []
        while asked:
            answer = self.get(asked, expected)
            if answers and (answer.body == answers[-1].body or len(answers) == LONGEST_ANSWER):
                raise SourceChangedError(
                    self.source, answer.url, expected="another page", found=f"page {len(answers)} again, or no end"
                )
            answers.append(answer)
            is_last = answer.is_absent or answer.is_unchanged
            asked = None if is_last else paginator.following(self.source, asked, answer)
        return answers

    def gather(
        self, wanted: Iterable[Request], paginator: Paginator = WHOLE, expected: BodyFormat = "json"
    ) -> Iterator[tuple[Request, list[Answer] | ExtractError]]:
        """Each request with its pages or its error, in the order asked, with bounded concurrency.

        After ``give_up_after`` failures in a row the rest is not sent, and each is told so.
        """
        breaker = _Breaker(self.source, self.policy.give_up_after)

        def answered(request: Request) -> tuple[Request, list[Answer] | ExtractError]:
            try:
                breaker.check()
                pages = self.pages(request, paginator, expected)
            except ExtractError as error:
                breaker.failed()
                return request, error
            breaker.passed()
            return request, pages

        with ThreadPoolExecutor(self.policy.concurrency, thread_name_prefix=self.source) as pool:
            yield from pool.map(answered, wanted)

    def _attempt(self, request: Request, expected: BodyFormat, deadline: float) -> Answer:
        url = request.url(self.base_url)
        remaining = max(0.001, deadline - time.monotonic())
        try:
            with self._session.get(
                url,
                headers=dict(request.headers),
                auth=self._auth,
                stream=True,
                allow_redirects=self._auth is None,
                timeout=(min(self.policy.connect_timeout, remaining), min(self.policy.read_timeout, remaining)),
            ) as response:
                body = self._body(response, url, deadline)
        except requests.TooManyRedirects as error:
            raise SourceRejectedError(self.source, f"{bounded(url)} redirects without end", status=302) from error
        except (requests.RequestException, HTTPError) as error:
            # The texts of these errors may hold header fields and proxies; their class says enough.
            raise SourceUnavailableError(self.source, f"{bounded(url)}: {_reason(error)}") from error
        return self._judged(response, url, body, expected)

    def _body(self, response: requests.Response, url: str, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self.policy.largest_body:
                limit = f"at most {self.policy.largest_body:,} bytes"
                raise SourceChangedError(self.source, url, expected=limit, found="a larger body")
            if time.monotonic() > deadline:
                problem = f"{bounded(url)}: not complete within {self.policy.deadline:g} s"
                raise SourceUnavailableError(self.source, problem, status=response.status_code)
        return b"".join(parts)

    def _judged(self, response: requests.Response, url: str, body: bytes, expected: BodyFormat) -> Answer:
        status, now = response.status_code, datetime.now(UTC).replace(microsecond=0)
        if status >= 500 or status in RETRIABLE:
            wait = seconds_to_wait(response.headers.get("Retry-After", ""), now)
            raise SourceUnavailableError(self.source, f"{bounded(url)}: HTTP {status}", status=status, retry_after=wait)
        if status not in (200, 204, 304):
            raise SourceRejectedError(self.source, f"{bounded(url)}: HTTP {status}{self._said(body)}", status=status)
        fault = fault_of(body, expected) if status == 200 else ""
        if fault:
            raise SourceUnavailableError(self.source, f"{bounded(url)}: {fault} with HTTP 200", status=status)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status, url, headers, body, now)

    def _said(self, body: bytes) -> str:
        """The start of a refusal's text, unless it is a page or could echo a credential."""
        text = body.decode("utf-8", "replace").strip()
        return f", {bounded(text, 120)}" if text and not text.startswith("<") and self._auth is None else ""

    def _wait(self, state: RetryCallState) -> float:
        """Exponential backoff with full jitter, or the service's own wish where that is longer."""
        ceiling = min(self.policy.longest_backoff, self.policy.first_backoff * 2.0 ** (state.attempt_number - 1))
        return max(random.uniform(0, ceiling), _wish(state))  # noqa: S311 - jitter is no secret

    def _told_to_wait_too_long(self, state: RetryCallState) -> bool:
        return _wish(state) > self.policy.longest_wait

    def _give_up(self, state: RetryCallState) -> Answer:
        last = _error(state)
        problem = str(last).removeprefix(f"{self.source}: ")
        tries = f"gave up after {state.attempt_number} of {self.policy.attempts} attempts"
        wish = f", the service asks to wait {last.retry_after:g} s" if last.retry_after else ""
        raise SourceUnavailableError(
            self.source, f"{problem}; {tries}{wish}", status=last.status, retry_after=last.retry_after
        ) from last


class _Breaker:
    """Counts failures in a row over all threads of a batch."""

    def __init__(self, source: str, limit: int) -> None:
        self._source, self._limit = source, limit
        self._failures = 0
        self._lock = threading.Lock()

    def check(self) -> None:
        with self._lock:
            if self._failures >= self._limit:
                raise SourceUnavailableError(self._source, f"not sent, since {self._limit} requests in a row failed")

    def failed(self) -> None:
        with self._lock:
            self._failures += 1

    def passed(self) -> None:
        with self._lock:
            self._failures = 0


def _session(base_url: str, policy: HttpPolicy) -> requests.Session:
    session = requests.Session()
    # requests reads proxies and certificates from the environment anew for each request, at a sixth of its cost.
    found = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = found["proxies"], found["verify"], False
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=policy.concurrency, max_retries=0, pool_block=True)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["User-Agent"] = policy.user_agent
    session.max_redirects = 5
    return session


def _any(*stops: Callable[[RetryCallState], bool]) -> Callable[[RetryCallState], bool]:
    return lambda state: any(stop(state) for stop in stops)


def _error(state: RetryCallState) -> SourceUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, SourceUnavailableError)
    return error


def _wish(state: RetryCallState) -> float:
    return _error(state).retry_after or 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout) or "Timeout" in type(error).__name__:
        return "timed out"
    if "Incomplete" in repr(error):
        return "the body was truncated"
    return f"the connection failed ({type(error).__name__})"
