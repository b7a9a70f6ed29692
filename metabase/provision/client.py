"""Metabase's REST API: JSON in, JSON out. Errors are those of this package and never contain a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from estrela.errors import bounded
from metabase.provision.errors import (
    MetabaseConflictError,
    MetabaseError,
    MetabaseRejectedError,
    MetabaseUnavailableError,
    NotMetabaseError,
)

MASK = "***"
HEALTH = "/api/health"
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds for a connection, an answer, Metabase's start and its sync; number of retries of a request.

    The timeout of a query's answer is as long as Metabase's own limit.
    """

    connect: float = 10.0
    read: float = 120.0
    query: float = 1200.0
    start: float = 600.0
    sync: float = 300.0
    pause: float = 2.0
    retries: int = 4
    backoff: float = 0.5


DEFAULT_TIMEOUTS = Timeouts()


class Client:
    """One Metabase at ``url``. Retries only GET and requests that were never sent, so that nothing is done twice."""

    def __init__(self, url: str, secrets: Sequence[str] = (), timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self.url, self.timeouts = url.rstrip("/"), timeouts
        self._secrets = [secret for secret in secrets if secret]
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "estrela (metabase provisioner; python-requests)"
        retry = Retry(
            total=timeouts.retries,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=("GET",),
            backoff_factor=timeouts.backoff,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        # The wait for Metabase's start repeats requests anyway.
        self._session.mount(f"{self.url}{HEALTH}", HTTPAdapter(max_retries=0))

    def authorise(self, header: str, value: str) -> None:
        """Send ``header`` with every later request; its value never appears in an error."""
        self.hide(value)
        self._session.headers[header] = value

    def hide(self, secret: str) -> None:
        """Mask ``secret`` in every message from now on."""
        self._secrets.append(secret)

    def masked(self, text: str) -> str:
        """Return ``text`` with all known secrets masked."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def get(self, path: str, params: Params = ()) -> Any:
        """Return the JSON at ``path``; None for an answer without a body. Raises MetabaseError."""
        return self._call("GET", path, params=params)

    def find(self, path: str) -> Any:
        """Like ``get``; None if the object does not exist (404)."""
        try:
            return self.get(path)
        except MetabaseRejectedError as error:
            if error.status == 404:
                return None
            raise

    def post(self, path: str, body: object) -> Any:
        """Send ``body`` and return the answer. Raises MetabaseError."""
        return self._call("POST", path, body)

    def put(self, path: str, body: object) -> Any:
        """Send ``body`` and return the answer. Raises MetabaseError."""
        return self._call("PUT", path, body)

    def query(self, path: str, body: object) -> Any:
        """Run a query, with the longer timeout for queries. Raises MetabaseError."""
        return self._call("POST", path, body, read=self.timeouts.query)

    def _call(self, method: str, path: str, body: object = None, params: Params = (), read: float = 0) -> Any:
        where = f"{method} {path}"
        try:
            answer = self._session.request(
                method,
                f"{self.url}{path}",
                json=body,
                params=list(params),
                timeout=(self.timeouts.connect, read or self.timeouts.read),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise MetabaseUnavailableError(where, f"{self.url} {_reason(error)}") from None
        return self._judged(where, answer)

    def _judged(self, where: str, answer: requests.Response) -> Any:
        if answer.is_redirect or answer.is_permanent_redirect:
            target = bounded(answer.headers.get("Location", "another address"))
            raise NotMetabaseError(where, self.masked(f"redirects to {target}; give METABASE_URL as it is served"))
        if answer.status_code >= 400:
            raise self._refusal(where, answer)
        if not answer.content.strip():
            return None
        try:
            return answer.json()
        except ValueError:
            content = "a page" if answer.text.lstrip().startswith("<") else "something that is not JSON"
            problem = f"{self.url} answers with {content}; is METABASE_URL the address of Metabase itself?"
            raise NotMetabaseError(where, problem) from None

    def _refusal(self, where: str, answer: requests.Response) -> MetabaseError:
        status = answer.status_code
        said = self.masked(_reason_given(answer))
        if status >= 500 or status == 429:
            return MetabaseUnavailableError(where, f"HTTP {status}{said}")
        kind = MetabaseConflictError if status == 409 else MetabaseRejectedError
        return kind(where, f"HTTP {status}{said}", status)


def _reason(error: requests.RequestException) -> str:
    # The texts of these errors may contain header fields; the class name is enough.
    if isinstance(error, requests.exceptions.SSLError):
        return "has no certificate that is trusted here"
    if isinstance(error, requests.Timeout):
        return "did not answer in time"
    if "Connection refused" in str(error):
        return "refuses the connection; is Metabase running there?"
    if "NameResolution" in repr(error):
        return "has a host name that is not known here"
    return f"could not be talked to ({type(error).__name__})"


def _reason_given(answer: requests.Response) -> str:
    """Return Metabase's reason: its ``errors``, ``message`` or ``error``, or a short text."""
    try:
        body = answer.json()
    except ValueError:
        text = answer.text.strip()
        return "" if not text or text.startswith("<") else f", {bounded(text)}"
    if not isinstance(body, dict):
        return f", {bounded(body)}"
    errors = body.get("errors")
    listed = "; ".join(f"{key}: {bounded(value)}" for key, value in errors.items()) if isinstance(errors, dict) else ""
    message = next((str(body[key]) for key in ("message", "error") if body.get(key)), "")
    text = "; ".join(part for part in (message, listed) if part)
    return f", {bounded(text, 500)}" if text else ""
