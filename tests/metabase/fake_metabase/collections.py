"""Collections, their content, and the trash."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request

from fake_metabase.answers import check_keys, existing
from fake_metabase.state import EVERYONE, TRASH, Row, State, nano_id


def get_all(state: State, request: Request, body: Any) -> Any:
    archived = request.args.get("archived") == "true"
    rows = [row for row in state.rows("collections") if bool(row.get("archived")) == archived]
    top = [] if archived else [{"id": "root", "name": "Our analytics", "can_write": True, "effective_location": None}]
    return top + state.shuffled(rows)


def get(state: State, request: Request, body: Any, identifier: int) -> Any:
    return existing(state, "collections", identifier)


def trash(state: State, request: Request, body: Any) -> Any:
    return existing(state, "collections", TRASH)


def post(state: State, request: Request, body: Any) -> Any:
    check_keys("POST collection", body)
    row = state.add(
        "collections",
        {
            "name": body["name"],
            "description": body.get("description"),
            "location": _location(state, body.get("parent_id")),
            "archived": False,
            "entity_id": nano_id(),
            "personal_owner_id": None,
            "type": None,
        },
    )
    # A new collection has the permissions of its parent; one without a parent can be changed by everyone.
    groups = state.data["collection_graph"]["groups"]
    source = str(body.get("parent_id") or "root")
    for rights in groups.values():
        if source in rights:
            rights[str(row["id"])] = rights[source]
    groups.setdefault(str(EVERYONE), {})
    return row


def put(state: State, request: Request, body: Any, identifier: int) -> Any:
    check_keys("PUT collection", body)
    row = existing(state, "collections", identifier)
    for key in ("name", "description", "archived"):
        if body.get(key) is not None:
            row[key] = body[key]
    if "parent_id" in body:
        row["location"] = _location(state, body["parent_id"])
    return row


def items(state: State, request: Request, body: Any, identifier: int) -> Any:
    existing(state, "collections", identifier)
    models = request.args.getlist("models")
    archived = identifier == TRASH or request.args.get("archived") == "true"
    entries = [
        {**{key: row.get(key) for key in ("id", "name", "description", "entity_id", "archived")}, "model": model}
        for model, kind in (("card", "cards"), ("dashboard", "dashboards"))
        if model in models
        for row in state.rows(kind)
        if bool(row["archived"]) == archived and (identifier == TRASH or row["collection_id"] == identifier)
    ]
    offset, limit = int(request.args.get("offset", 0)), int(request.args.get("limit", len(entries) or 1))
    # Metabase sorts by name, with ties in any order, and does not promise the order within a page.
    page = sorted(entries, key=lambda row: (row["name"], row["id"]))[offset : offset + limit]
    return {"total": len(entries), "data": state.shuffled(page), "limit": limit, "offset": offset, "models": models}


def search(state: State, request: Request, body: Any) -> Any:
    rows = [
        {"id": row["id"], "name": row["name"], "model": "dashboard", "collection": {"id": row["collection_id"]}}
        for row in state.rows("dashboards")
        if not row["archived"]
    ]
    return {"data": state.shuffled(rows), "total": len(rows), "limit": 1000, "offset": 0}


def shown_collection(row: Row) -> int | None:
    """Return the collection of an object, which is the trash if it is archived."""
    return TRASH if row["archived"] else row["collection_id"]


def _location(state: State, parent: int | None) -> str:
    if parent is None:
        return "/"
    return f"{existing(state, 'collections', parent)['location']}{parent}/"
