"""One HTTP GET to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode, urljoin

ODATA_SAFE = "@$'(),"


@dataclass(frozen=True)
class Request:
    """``path`` below the service's base URL (or a whole address), query ``params`` and extra header fields.

    ``asked`` names the request in the source's own terms (year and quarter, CNPJ and person type): raw files it.
    ``link`` is a whole URL that the service gave, such as the link to the next page; it replaces path and parameters.
    ``received`` counts the records of the pages before it that links lead through.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    received: int = 0

    def url(self, base_url: str) -> str:
        """Return the full URL; OData's ``@``, ``$`` and quotes stay readable, a blank becomes ``%20``."""
        if self.link:
            return self.link
        query = urlencode(self.params, quote_via=quote, safe=ODATA_SAFE)
        is_whole = self.path.startswith(("https://", "http://"))
        joined = self.path if is_whole else f"{base_url.rstrip('/')}/{self.path.lstrip('/')}".rstrip("/")
        return f"{joined}?{query}" if query else joined

    def with_params(self, **params: str) -> Request:
        """Return the request with more parameters, or other values of those it has."""
        return replace(self, params={**self.params, **params})

    def following(self, answered: str, link: str) -> Request:
        """Return the request for ``link``, which may be relative to the URL that was ``answered``."""
        return replace(self, link=urljoin(answered, link))
