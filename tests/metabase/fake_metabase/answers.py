"""Answers and refusals in Metabase's formats."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Response

from fake_metabase.bodies import unknown_keys
from fake_metabase.state import Row, State


class Refusal(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def answer(body: Any, status: int = 200) -> Response:
    """Return a body as JSON; a text stays a text, and no body is a 204."""
    if body is None:
        return Response(status=204)
    if isinstance(body, str):
        return Response(body, status, content_type="text/plain")
    return Response(json.dumps(body), status, content_type="application/json;charset=utf-8")


def check_keys(kind: str, body: dict[str, Any]) -> None:
    errors = unknown_keys(kind, body)
    if errors:
        raise Refusal(400, {"errors": errors, "specific-errors": {key: [text] for key, text in errors.items()}})


def existing(state: State, kind: str, identifier: int | str) -> Row:
    key = int(identifier) if str(identifier).isdigit() else identifier
    row = state.find(kind, key)
    if row is None:
        raise Refusal(404, "Not found.")
    return row
