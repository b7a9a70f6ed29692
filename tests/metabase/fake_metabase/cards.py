"""Questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from fake_metabase import queries
from fake_metabase.answers import Refusal, answer, check_keys, existing
from fake_metabase.collections import shown_collection
from fake_metabase.state import Row, State, nano_id, now

PLAIN = (
    "name",
    "description",
    "display",
    "type",
    "collection_id",
    "archived",
    "parameters",
    "collection_position",
    "dashboard_id",
)


def post(state: State, request: Request, body: Any) -> Any:
    check_keys("POST card", body)
    chosen = body.get("entity_id")
    if chosen and state.find("cards", chosen):
        raise Refusal(400, {"errors": {"entity_id": "is already taken"}})
    row: Row = {
        "entity_id": chosen or nano_id(),
        "archived": False,
        "type": "question",
        "description": None,
        "collection_id": None,
        "collection_position": None,
        "dashboard_id": None,
        "created_at": now(),
        "creator_id": 1,
    }
    return shown(state, _written(state, state.add("cards", row), body))


def put(state: State, request: Request, body: Any, identifier: int) -> Any:
    check_keys("PUT card", body)
    return shown(state, _written(state, existing(state, "cards", identifier), body))


def get(state: State, request: Request, body: Any, identifier: str) -> Any:
    return shown(state, existing(state, "cards", identifier))


def query(state: State, request: Request, body: Any, identifier: str) -> Response:
    return run(state, existing(state, "cards", identifier), set())


def run(state: State, card: Row, given: set[str]) -> Response:
    """Run a query. Its status is 202 whether it succeeded or failed."""
    reason = state.failing.get(card["name"], "")
    missing = queries.missing_values(card["query"], given)
    if missing:
        reason = f"You'll need to pick a value for '{missing[0]}' before this query can run."
    if reason:
        return answer({"status": "failed", "error": reason, "data": {"rows": [], "cols": []}}, 202)
    return answer({"status": "completed", "row_count": 0, "data": {"rows": [], "cols": []}}, 202)


def shown(state: State, row: Row) -> Row:
    plain = {key: value for key, value in row.items() if key != "query"}
    return {
        **plain,
        "collection_id": shown_collection(row),
        "dataset_query": queries.given_back(row["query"], state.tags),
        "query_type": "native",
        "can_write": True,
    }


def _written(state: State, row: Row, body: Mapping[str, Any]) -> Row:
    for key in PLAIN:
        if key in body:
            row[key] = body[key]
    if "dataset_query" in body:
        row["query"] = {} if state.forgetful else queries.stored(body["dataset_query"])
    if "visualization_settings" in body:
        row["visualization_settings"] = queries.respelled(body["visualization_settings"])
    if row.get("parameters") is None:
        row["parameters"] = queries.derived_parameters(row["query"])
    return row
