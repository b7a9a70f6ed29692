"""One HTTP GET to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

ODATA_SAFE = "@$'(),"


@dataclass(frozen=True)
class Request:
    """``path`` below the service's base URL, query ``params`` and extra header fields.

    ``asked`` names the request in the source's own terms (year and quarter, CNPJ and person type): raw files it.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def url(self, base_url: str) -> str:
        """The full URL; OData's ``@``, ``$`` and quotes stay readable, a blank becomes ``%20``."""
        query = urlencode(self.params, quote_via=quote, safe=ODATA_SAFE)
        joined = f"{base_url.rstrip('/')}/{self.path.lstrip('/')}".rstrip("/")
        return f"{joined}?{query}" if query else joined
