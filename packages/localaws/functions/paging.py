"""Pagination of listings."""

from __future__ import annotations

import base64
from typing import Any

from localaws.functions.wire import Call

_MOST = 50


def page(call: Call, name: str, items: list[Any]) -> dict[str, Any]:
    """Return one page of ``items`` under the key ``name``, and the marker of the next page."""
    start = int(base64.b64decode(call.get("Marker") or base64.b64encode(b"0")))
    end = start + min(call.get("MaxItems") or _MOST, _MOST)
    more = {"NextMarker": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return {name: items[start:end], **more}
