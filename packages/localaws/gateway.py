"""Request headers with the names that the client sent.

WSGI maps ``x-amz-meta-a_b`` and ``x-amz-meta-a-b`` to the same key; S3 distinguishes them.
"""

from __future__ import annotations

from typing import Any

from cheroot.wsgi import Gateway_10

HEADERS = "localaws.headers"


class OriginalHeadersGateway(Gateway_10):
    """Adds ``environ["localaws.headers"]``: a dict of lower-case names to values, latin-1 decoded."""

    def get_environ(self) -> Any:
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[HEADERS] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.req.inheaders.items()
        }
        return environ
