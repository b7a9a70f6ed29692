"""Tabs, cards and filters of a dashboard in Metabase's format, keeping the ids of existing ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from metabase.model import Card, Dashboard, Filter
from metabase.provision.identity import filter_id
from metabase.provision.questions import PARAMETER_TYPES

SECTIONS = {"text": "string", "number": "number", "date": "date"}
Stored = Mapping[str, Any]


def parameters(dashboard: Dashboard, questions: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the filters; ``questions`` are ids by key."""
    return [_parameter(dashboard, filter_, questions) for filter_ in dashboard.filters]


def tabs(dashboard: Dashboard, stored: Stored | None) -> list[dict[str, Any]]:
    """Return the tabs, none if there is only one; a stored tab with the same name, else at the same position, keeps its
    id.
    """
    if len(dashboard.tabs) == 1:
        return []
    there = list((stored or {}).get("tabs") or ())
    taken = {tab["name"]: int(tab["id"]) for tab in there}
    names = [tab.title for tab in dashboard.tabs]
    spare = iter([int(tab["id"]) for tab in there if tab["name"] not in names])
    fresh = count(-1, -1)
    return [{"id": taken.get(name) or next(spare, 0) or next(fresh), "name": name} for name in names]


def dashcards(
    dashboard: Dashboard, stored: Stored | None, wanted_tabs: Sequence[Stored], questions: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the cards; a stored one with the same tab and content keeps its id, and so its links and alerts."""
    left = list((stored or {}).get("dashcards") or ())
    fresh = count(-1, -1)
    return [{"id": _taken_id(left, body) or next(fresh), **body} for body in _bodies(dashboard, wanted_tabs, questions)]


def kind(dashcard: Stored) -> str:
    """Return ``heading``, ``text`` or the like for a card without a question; else ``question``."""
    virtual = (dashcard.get("visualization_settings") or {}).get("virtual_card")
    return str(virtual.get("display")) if isinstance(virtual, Mapping) else "question"


def _bodies(
    dashboard: Dashboard, wanted_tabs: Sequence[Stored], questions: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    for number, tab in enumerate(dashboard.tabs):
        place = {"dashboard_tab_id": wanted_tabs[number]["id"]} if wanted_tabs else {}
        for card in tab.cards:
            yield {**_dashcard(dashboard, card, questions), **place}


def _taken_id(left: list[Stored], body: Stored) -> int | None:
    """Remove the nearest stored card with the content of ``body`` from ``left``; return its id, None without one."""
    same = [
        card
        for card in left
        if (card.get("card_id"), kind(card), card.get("dashboard_tab_id"))
        == (body["card_id"], kind(body), body.get("dashboard_tab_id"))
    ]
    if not same:
        return None
    nearest = min(same, key=lambda card: (abs(card["row"] - body["row"]), abs(card["col"] - body["col"]), card["id"]))
    left.remove(nearest)
    return int(nearest["id"])


def _dashcard(dashboard: Dashboard, card: Card, questions: Mapping[str, int]) -> dict[str, Any]:
    place = card.place
    box = {"row": place.row, "col": place.col, "size_x": place.width, "size_y": place.height}
    if not card.question:
        return {**box, "card_id": None, "parameter_mappings": [], "series": [], "visualization_settings": _text(card)}
    identifier = questions[card.question]
    mappings = [
        {
            "parameter_id": filter_id(dashboard.key, key),
            "card_id": identifier,
            "target": ["variable", ["template-tag", variable]],
        }
        for key, variable in sorted(card.wiring.items())
    ]
    title = {"card.title": card.title} if card.title else {}
    hidden = {"card.hide_empty": True} if card.hide_empty else {}
    return {
        **box,
        "card_id": identifier,
        "parameter_mappings": mappings,
        "series": [],
        "visualization_settings": title | hidden,
    }


def _text(card: Card) -> dict[str, Any]:
    virtual: dict[str, Any] = {
        "name": None,
        "display": "heading" if card.heading else "text",
        "visualization_settings": {},
        "dataset_query": {},
        "archived": False,
    }
    return {"virtual_card": virtual, "text": card.heading or card.text, "dashcard.background": False}


def _parameter(dashboard: Dashboard, filter_: Filter, questions: Mapping[str, int]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": filter_id(dashboard.key, filter_.key),
        "name": filter_.title,
        "slug": filter_.key,
        "type": PARAMETER_TYPES[filter_.type],
        "sectionId": SECTIONS[filter_.type],
    }
    if filter_.type != "date":
        # A raw variable accepts only one value.
        body["isMultiSelect"] = False
    if filter_.default is not None:
        body["default"] = filter_.default if filter_.type == "date" else [filter_.default]
    if filter_.values:
        body |= {"values_source_type": "static-list", "values_source_config": {"values": list(filter_.values)}}
    if filter_.values_question:
        reference = ["field", filter_.values_column, {"base-type": "type/Text"}]
        config = {"card_id": questions[filter_.values_question], "value_field": reference}
        body |= {"values_source_type": "card", "values_source_config": config}
    return body
