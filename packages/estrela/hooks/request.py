"""One HTTP GET request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode, urljoin

ODATA_SAFE = "@$'(),"


@dataclass(frozen=True)
class Request:
    """``path`` below the service's base URL (or a full URL), query ``params`` and extra header fields.

    ``asked`` identifies the request in the source's own terms (year and quarter, CNPJ and person type); raw stores the
    answer under it. ``link`` is a full URL from the service, such as the link to the next page; it replaces path and
    parameters. ``received`` counts the records of the earlier pages that were reached through links.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    received: int = 0

    def url(self, base_url: str) -> str:
        """Return the full URL; OData's ``@``, ``$`` and quotes are not encoded, a space becomes ``%20``."""
        if self.link:
            return self.link
        query = urlencode(self.params, quote_via=quote, safe=ODATA_SAFE)
        is_whole = self.path.startswith(("https://", "http://"))
        joined = self.path if is_whole else f"{base_url.rstrip('/')}/{self.path.lstrip('/')}".rstrip("/")
        return f"{joined}?{query}" if query else joined

    def with_params(self, **params: str) -> Request:
        """Return the request with these parameters added or replaced."""
        return replace(self, params={**self.params, **params})

    def following(self, answered: str, link: str) -> Request:
        """Return the request for ``link``, which may be relative to the URL ``answered``."""
        return replace(self, link=urljoin(answered, link))
