"""Dashboards: identified by a mark that copies do not have, compared as a whole, written in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metabase.model import Dashboard
from metabase.provision import canonical
from metabase.provision.change import Action, differences
from metabase.provision.collections import Collections, items
from metabase.provision.identity import mark, marked_key, note
from metabase.provision.layout import dashcards, kind, parameters, tabs
from metabase.provision.run import Run

Stored = Mapping[str, Any]


def settle_dashboards(
    run: Run, dashboards: Sequence[Dashboard], collections: Collections, questions: Mapping[str, int]
) -> dict[str, int]:
    """Create or update the declared dashboards; return their ids by key. ``questions`` are ids by key."""
    stored = _managed(run, collections)
    if any(dashboard.key not in stored for dashboard in dashboards):
        stored = {**_moved(run), **stored}
    return {
        dashboard.key: _settle(run, dashboard, collections, questions, stored.get(dashboard.key))
        for dashboard in dashboards
    }


def archive_dashboards(run: Run, dashboards: Sequence[Dashboard], collections: Collections) -> None:
    """Archive managed dashboards that are no longer declared."""
    declared = {dashboard.key for dashboard in dashboards}
    for key, stored in sorted(_managed(run, collections).items()):
        gone = key not in declared and not stored.get("archived")
        if gone and run.changed("archive", "dashboard", key):
            _rescue(run, stored, set(), collections.sandbox)
            run.client.put(f"/api/dashboard/{stored['id']}", {"archived": True})


def _managed(run: Run, collections: Collections) -> dict[str, Stored]:
    """Return the managed dashboards in the managed collections and in the trash, by key, preferring unarchived ones."""
    trash = run.client.get("/api/collection/trash")
    rows = [
        row
        for collection, archived in ((int(trash["id"]), True), (collections.dashboards, False))
        for row in items(run, collection, "dashboard", archived=archived)
    ]
    return _by_key(run, [int(row["id"]) for row in rows])


def _moved(run: Run) -> dict[str, Stored]:
    """Return managed dashboards in any collection, by key."""
    answer = run.client.get("/api/search", [("models", "dashboard"), ("limit", "1000")])
    return _by_key(run, sorted(int(row["id"]) for row in answer["data"]))


def _by_key(run: Run, identifiers: Sequence[int]) -> dict[str, Stored]:
    dashboards: dict[str, Stored] = {}
    for identifier in identifiers:
        stored = run.client.get(f"/api/dashboard/{identifier}")
        # The mark is in a field that people do not see and that Metabase does not copy. A dashboard whose creation was
        # interrupted has the mark only in its description, and has no cards.
        key = marked_key("dashboard", stored.get("points_of_interest"))
        if not key and not stored.get("dashcards"):
            key = marked_key("dashboard", stored.get("description"))
        if key and (key not in dashboards or dashboards[key].get("archived")):
            dashboards[key] = stored
    return dashboards


def _settle(
    run: Run, dashboard: Dashboard, collections: Collections, questions: Mapping[str, int], stored: Stored | None
) -> int:
    description = f"{dashboard.about}\n\n{note('dashboard', dashboard.key)}"
    keys = {identifier: key for key, identifier in questions.items()}
    created = stored is None
    if stored is None:
        if not run.changed("create", "dashboard", dashboard.key):
            return run.placeholder()
        # A dashboard is created without cards; the PUT below adds them.
        first = {"name": dashboard.title, "description": description, "collection_id": collections.dashboards}
        stored = run.client.post("/api/dashboard", first)
    identifier = int(stored["id"])
    wanted = _body(dashboard, description, collections.dashboards, questions, stored)
    before, after = _canonical(stored, keys), _canonical(wanted, keys)
    if not differences(before, after):
        return identifier
    action: Action = "restore" if stored.get("archived") else "update"
    if run.writes if created else run.changed(action, "dashboard", dashboard.key, before, after):
        if stored.get("archived"):
            # Cards of an archived dashboard cannot be written, so it is restored first.
            run.client.put(f"/api/dashboard/{identifier}", {"archived": False})
        _rescue(run, stored, set(keys), collections.sandbox)
        run.client.put(f"/api/dashboard/{identifier}", wanted)
        again = run.client.get(f"/api/dashboard/{identifier}")
        run.stored("dashboard", dashboard.key, _canonical(again, keys), after)
    return identifier


def _rescue(run: Run, stored: Stored, kept: set[int], sandbox: int) -> None:
    """Move questions that people saved inside a dashboard out of it: Metabase would archive them with their card."""
    for dashcard in stored.get("dashcards") or ():
        card = dashcard.get("card") or {}
        if card.get("dashboard_id") == stored["id"] and card["id"] not in kept:
            run.client.put(f"/api/card/{card['id']}", {"dashboard_id": None, "collection_id": sandbox})
            run.notes.append(
                f"question {card['name']!r} was saved inside dashboard {stored['name']!r}: now in the sandbox"
            )


def _body(
    dashboard: Dashboard, description: str, collection: int, questions: Mapping[str, int], stored: Stored
) -> dict[str, Any]:
    wanted_tabs = tabs(dashboard, stored)
    return {
        "name": dashboard.title,
        "description": description,
        "points_of_interest": mark("dashboard", dashboard.key),
        "collection_id": collection,
        "width": "full" if dashboard.full_width else "fixed",
        # Shows an Apply button: a dashboard on Athena runs queries only on request.
        "auto_apply_filters": False,
        "parameters": parameters(dashboard, questions),
        "tabs": wanted_tabs,
        "dashcards": dashcards(dashboard, stored, wanted_tabs, questions),
    }


def _canonical(stored: Stored, keys: Mapping[int, str]) -> dict[str, Any]:
    archived = bool(stored.get("archived"))
    names = {tab["id"]: str(tab["name"]) for tab in stored.get("tabs") or ()}
    return {
        "name": stored["name"],
        "description": stored.get("description"),
        "points_of_interest": stored.get("points_of_interest"),
        # An archived dashboard has the trash as its collection.
        "collection_id": None if archived else stored.get("collection_id"),
        "archived": archived,
        "width": stored.get("width") or "fixed",
        "auto_apply_filters": stored.get("auto_apply_filters") is not False,
        "filters": canonical.parameters(stored.get("parameters")),
        "tabs": list(names.values()),
        "cards": _cards(stored.get("dashcards") or (), names, keys),
    }


def _cards(stored: Sequence[Stored], tab_names: Mapping[int, str], keys: Mapping[int, str]) -> dict[str, Any]:
    """Return the cards by tab and content, because Metabase lists them in any order."""
    cards: dict[str, Any] = {}
    for dashcard in sorted(stored, key=lambda card: (card["row"], card["col"], card["id"])):
        shown = (
            kind(dashcard)
            if dashcard.get("card_id") is None
            else keys.get(dashcard["card_id"], f"card {dashcard['card_id']}")
        )
        tab = tab_names.get(dashcard.get("dashboard_tab_id") or 0, "")
        name = f"{tab}/{shown}" if tab else shown
        number = 1 + sum(other == name or other.startswith(f"{name} #") for other in cards)
        cards[name if number == 1 else f"{name} #{number}"] = _card(dashcard)
    return cards


def _card(stored: Stored) -> dict[str, Any]:
    settings = canonical.visualization(stored.get("visualization_settings"))
    settings.pop("virtual_card", None)
    return {
        **{key: stored[key] for key in ("row", "col", "size_x", "size_y")},
        "filters": canonical.mappings(stored.get("parameter_mappings")),
        "series": [card["id"] for card in stored.get("series") or ()],
        "visualization_settings": settings,
    }
