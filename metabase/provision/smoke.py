"""Runs every card once, with the filters at their defaults, to find charts that cannot be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metabase.model import Site
from metabase.provision.errors import MetabaseRejectedError, QueryFailedError
from metabase.provision.run import Run


def run_cards(run: Run, site: Site, questions: Mapping[str, int], dashboards: Mapping[str, int]) -> int:
    """Run all cards of all dashboards, and the questions that are on none; return their number.

    Raises QueryFailedError with every failed card.
    """
    failures: list[str] = []
    names = {identifier: key for key, identifier in questions.items()}
    count = 0
    seen: set[int] = set()
    for key, identifier in dashboards.items():
        stored = run.client.get(f"/api/dashboard/{identifier}")
        for path, body, card in _calls(stored):
            seen.add(card)
            count += 1
            failures += _failure(run, f"{key}/{names.get(card, card)}", path, body)
    for key, identifier in questions.items():
        if identifier not in seen:
            count += 1
            failures += _failure(run, key, f"/api/card/{identifier}/query", {"ignore_cache": False})
    if failures:
        raise QueryFailedError(f"{site.database}", failures)
    return count


def _calls(stored: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    defaults = {
        parameter["id"]: parameter
        for parameter in stored.get("parameters") or ()
        if parameter.get("default") is not None
    }
    for card in stored["dashcards"]:
        if card.get("card_id") is None:
            continue
        parameters = [
            {
                "id": mapping["parameter_id"],
                "type": defaults[mapping["parameter_id"]]["type"],
                "target": mapping["target"],
                "value": defaults[mapping["parameter_id"]]["default"],
            }
            for mapping in card.get("parameter_mappings") or ()
            if mapping["parameter_id"] in defaults
        ]
        path = f"/api/dashboard/{stored['id']}/dashcard/{card['id']}/card/{card['card_id']}/query"
        yield path, {"parameters": parameters}, int(card["card_id"])


def _failure(run: Run, name: str, path: str, body: Mapping[str, Any]) -> list[str]:
    """Return the failure of a card, if any. A failed query is answered with 202 and an error in the body."""
    try:
        answer = run.client.query(path, body)
    except MetabaseRejectedError as error:
        return [f"{name}: {error.problem}"]
    if isinstance(answer, Mapping) and answer.get("status") == "completed":
        return []
    reason = answer.get("error") if isinstance(answer, Mapping) else None
    return [f"{name}: {run.client.masked(str(reason or 'Metabase gives no reason'))}"]
