"""The HTTP session of one service: pooled connections, only to declared hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from estrela.errors import SourceRejectedError, bounded, some_of
from estrela.hooks.http_policy import HttpPolicy

MOST_REDIRECTS = 5


def host_of(url: str) -> str:
    """Return scheme and host of a URL, such as ``https://www3.bcb.gov.br``, without credentials or path."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}".lower()


class HttpSession:
    """GET requests to ``base_url`` and the other declared ``hosts``, from any number of threads.

    A redirect or link to another host is refused; with ``auth``, every redirect is refused, since it would forward the
    credential.
    """

    def __init__(
        self, source: str, base_url: str, policy: HttpPolicy, auth: AuthBase | None = None, hosts: Iterable[str] = ()
    ) -> None:
        self._source, self._auth = source, auth
        self._hosts = sorted({host_of(base_url), *(() if auth else map(host_of, hosts))})
        self._session = _session(base_url, policy)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, url: str, headers: Mapping[str, str], timeout: tuple[float, float]) -> requests.Response:
        """Return the response to a GET, its body unread.

        Raises SourceRejectedError if a URL is not on a declared host or redirects do not end, and the exceptions of
        requests.
        """
        for _ in range(MOST_REDIRECTS + 1):
            self._require_declared(url)
            response = self._session.get(
                url, headers=dict(headers), auth=self._auth, stream=True, allow_redirects=False, timeout=timeout
            )
            if not response.is_redirect or self._auth is not None:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
        raise SourceRejectedError(self._source, f"{bounded(url)} redirects in a loop", status=302)

    def _require_declared(self, url: str) -> None:
        if host_of(url) not in self._hosts:
            problem = f"the host of {bounded(url)} is not declared; declared: {some_of(self._hosts)}"
            raise SourceRejectedError(self._source, problem, status=302)


def _session(base_url: str, policy: HttpPolicy) -> requests.Session:
    session = requests.Session()
    # By default requests reads proxies and certificates from the environment for each request: a sixth of its cost.
    environment = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = environment["proxies"], environment["verify"], False
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=policy.concurrency, max_retries=0, pool_block=True)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["User-Agent"] = policy.user_agent
    return session
