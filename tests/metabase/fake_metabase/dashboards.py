"""Dashboards: created without cards, then written as a whole."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from fake_metabase import cards
from fake_metabase.answers import Refusal, check_keys, existing
from fake_metabase.collections import shown_collection
from fake_metabase.state import Row, State, nano_id, now

PRESENT = ("description", "position", "width", "collection_id", "collection_position")
GIVEN = ("name", "parameters", "points_of_interest", "caveats", "archived", "auto_apply_filters")


def post(state: State, request: Request, body: Any) -> Any:
    """Create a dashboard with a name and a collection. Cards and tabs require a later PUT."""
    check_keys("POST dashboard", body)
    row = state.add(
        "dashboards",
        {
            "name": body["name"],
            "description": body.get("description"),
            "collection_id": body.get("collection_id"),
            "parameters": body.get("parameters") or [],
            "entity_id": nano_id(),
            "archived": False,
            "width": "fixed",
            "auto_apply_filters": True,
            "points_of_interest": None,
            "caveats": None,
            "created_at": now(),
            "tabs": [],
            "dashcards": [],
        },
    )
    return shown(state, row)


def get(state: State, request: Request, body: Any, identifier: str) -> Any:
    return shown(state, existing(state, "dashboards", identifier))


def delete(state: State, request: Request, body: Any, identifier: int) -> Any:
    state.rows("dashboards").remove(existing(state, "dashboards", identifier))


def copy(state: State, request: Request, body: Any, identifier: int) -> Any:
    """Copy a dashboard: the copy has the description, the filters and the cards, and a new ID."""
    source = existing(state, "dashboards", identifier)
    kept = {key: source[key] for key in ("description", "parameters", "width", "auto_apply_filters")}
    dashboard = post(
        state, request, {"name": body.get("name", source["name"]), "collection_id": body.get("collection_id")}
    )
    row = existing(state, "dashboards", dashboard["id"])
    row.update(
        {**kept, "tabs": [], "dashcards": [{**dashcard, "id": _fresh(state)} for dashcard in source["dashcards"]]}
    )
    return shown(state, row)


def put(state: State, request: Request, body: Any, identifier: int) -> Any:
    check_keys("PUT dashboard", body)
    row = existing(state, "dashboards", identifier)
    if body.get("dashcards") is not None and row["archived"]:
        raise Refusal(404, {"message": "The object has been archived.", "error_code": "archived"})
    for key in PRESENT:
        if key in body:
            row[key] = body[key]
    for card in state.rows("cards"):
        if body.get("archived") and card.get("dashboard_id") == identifier:
            card["archived"] = True
    for key in GIVEN:
        if body.get(key) is not None:
            row[key] = body[key]
    if body.get("dashcards") is not None:
        _lay_out(state, row, body["dashcards"], body.get("tabs") or [])
    return shown(state, row)


def query(state: State, request: Request, body: Any, identifier: int, dashcard: int, card: int) -> Response:
    dashboard = existing(state, "dashboards", identifier)
    placed = next(
        (
            candidate
            for candidate in dashboard["dashcards"]
            if (candidate["id"], candidate["card_id"]) == (dashcard, card)
        ),
        None,
    )
    if placed is None:
        raise Refusal(404, "Not found.")
    known = {parameter["id"] for parameter in dashboard["parameters"]}
    for choice in body.get("parameters") or []:
        if choice["id"] not in known:
            raise Refusal(400, {"message": f"Dashboard does not have a parameter with ID {choice['id']}."})
    given = {parameter["id"] for parameter in body.get("parameters") or []}
    names = {
        mapping["target"][1][1] for mapping in placed["parameter_mappings"] or [] if mapping["parameter_id"] in given
    }
    return cards.run(state, existing(state, "cards", card), names)


def shown(state: State, row: Row) -> Row:
    """Return a dashboard as the API shows it: without cards of archived questions, and with cards in any order."""
    placed = [
        (dashcard, state.find("cards", dashcard["card_id"]) if dashcard["card_id"] else None)
        for dashcard in row["dashcards"]
    ]
    listed = [
        {**dashcard, "card": cards.shown(state, card) if card else None, "series": [*dashcard["series"]]}
        for dashcard, card in placed
        if dashcard["card_id"] is None or (card and not card["archived"])
    ]
    return {**row, "collection_id": shown_collection(row), "dashcards": state.shuffled(listed), "can_write": True}


def _lay_out(state: State, row: Row, dashcards: list[Row], tabs: list[Row]) -> None:
    for entry in dashcards:
        if entry.get("card_id") and existing(state, "cards", entry["card_id"])["archived"]:
            raise Refusal(404, {"message": "The object has been archived.", "error_code": "archived"})
    if tabs and any(dashcard.get("dashboard_tab_id") is None for dashcard in dashcards):
        raise Refusal(400, "This dashboard has tab, makes sure every card has a tab")
    there = {tab["id"] for tab in row["tabs"]}
    tab_ids = {tab["id"]: tab["id"] if tab["id"] in there else _fresh(state) for tab in tabs}
    row["tabs"] = [
        {"id": tab_ids[tab["id"]], "name": tab["name"], "position": place, "dashboard_id": row["id"]}
        for place, tab in enumerate(tabs)
    ]
    shown_cards = {dashcard.get("card_id") for dashcard in dashcards}
    for card in state.rows("cards"):
        # A question that is stored inside the dashboard is archived when its last card on it is removed.
        if card.get("dashboard_id") == row["id"] and card["id"] not in shown_cards:
            card["archived"] = True
    before = {dashcard["id"] for dashcard in row["dashcards"]}
    row["dashcards"] = [
        {
            "id": dashcard["id"] if dashcard["id"] in before else _fresh(state),
            "dashboard_id": row["id"],
            "card_id": dashcard.get("card_id"),
            "action_id": None,
            "dashboard_tab_id": tab_ids.get(dashcard["dashboard_tab_id"]) if tabs else None,
            "parameter_mappings": dashcard.get("parameter_mappings") or [],
            "series": dashcard.get("series") or [],
            "visualization_settings": dashcard.get("visualization_settings") or {},
            **{key: dashcard[key] for key in ("row", "col", "size_x", "size_y")},
        }
        for dashcard in dashcards
    ]


def _fresh(state: State) -> int:
    state.data["last_id"] += 1
    return int(state.data["last_id"])
