"""Pages of Glue's lists."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.glue.exceptions import InvalidInputException
from moto.glue.responses import GlueResponse

# Glue's largest page, which is also its page size if the request names none.
TABLES_A_PAGE = 100

Entity = dict[str, Any]


class PagedResponse(GlueResponse):
    """A response with pages: at most MaxResults entities, after NextToken."""

    def page_of(
        self, name: str, entities: Sequence[Entity], key: Callable[[Entity], list[Any]], largest: int
    ) -> ActionResult:
        """The entities after NextToken in the order of ``key``, at most MaxResults."""
        token = self.parameters.get("NextToken")
        size = min(int(self.parameters.get("MaxResults") or largest), largest)
        ordered = sorted(entities, key=key)
        rest = [entity for entity in ordered if key(entity) > _last(token)] if token else ordered
        shown = rest[:size]
        following = {"NextToken": _token(key(shown[-1]))} if len(rest) > size else {}
        return ActionResult({name: shown, **following})


def _token(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _last(token: str) -> list[Any]:
    try:
        key: list[Any] = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError) as error:
        raise InvalidInputException("Page", "Invalid NextToken") from error
    return key
