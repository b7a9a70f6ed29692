"""One request to the REST catalog, and pagination of its lists."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from werkzeug.wrappers import Request

LEVELS = "\x1f"

Answer = tuple[int, dict[str, Any] | None]


@dataclass(frozen=True)
class Call:
    """One request: the names in its path, its query and its body."""

    request: Request
    names: Mapping[str, str]
    warehouse: str | None

    @property
    def body(self) -> dict[str, Any]:
        body = json.loads(self.request.get_data() or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body of the request is not a JSON object")
        return body

    @property
    def namespace(self) -> str:
        return one_level(self.names["namespace"].split(LEVELS))

    @property
    def table(self) -> tuple[str, str]:
        """Database and name; raises NoSuchTableError for more levels, with which Spark looks for ``t.snapshots``."""
        levels, name = self.names["namespace"].split(LEVELS), self.names["table"]
        if len(levels) != 1:
            raise NoSuchTableError(f"Table does not exist: {'.'.join([*levels, name])}")
        return levels[0], name


def one_level(levels: Sequence[str]) -> str:
    """The name of a one-level namespace; raise NoSuchNamespaceError for more levels, which Glue does not have."""
    if len(levels) != 1:
        raise NoSuchNamespaceError(f"Namespace does not exist: {'.'.join(levels)}")
    return levels[0]


def page(names: Sequence[str], query: Mapping[str, str]) -> tuple[list[str], str | None]:
    """At most ``pageSize`` names after ``pageToken``, and the token of the next page."""
    token, size = query.get("pageToken"), query.get("pageSize")
    rest = [name for name in sorted(names) if name > _last_of(token)] if token else sorted(names)
    if size is None:
        return rest, None
    if not size.isdigit() or not int(size):
        raise ValueError(f"pageSize is {size[:50]!r}; a whole number of 1 or more was expected")
    shown = rest[: int(size)]
    return shown, base64.urlsafe_b64encode(shown[-1].encode()).decode() if len(rest) > len(shown) else None


def _last_of(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"pageToken {token[:100]!r} is not one of this catalog's") from error
