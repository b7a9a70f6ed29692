"""Questions, each identified by an entity id that is derived from its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metabase.model import Question, Site, Variable
from metabase.provision import canonical
from metabase.provision.change import Action, differences
from metabase.provision.collections import Collections, items
from metabase.provision.identity import entity_id, marked_key, note, tag_id
from metabase.provision.run import Run
from metabase.provision.visualization import display, settings

PARAMETER_TYPES = {"text": "string/=", "number": "number/=", "date": "date/single"}


def settle_questions(run: Run, site: Site, database: int, collection: int) -> dict[str, int]:
    """Create or update the declared questions, wherever people moved them; return their ids by key."""
    return {
        question.key: _settle(run, question, _body(question, site.colors, database, collection))
        for question in site.questions
    }


def archive_questions(run: Run, questions: Sequence[Question], collections: Collections) -> None:
    """Archive managed questions that are no longer declared; a copy of one belongs to somebody else and is kept."""
    declared = {question.key for question in questions}
    for collection in collections.managed:
        for row in items(run, collection, "card"):
            key = marked_key("question", row.get("description"))
            ours = key and key not in declared and row.get("entity_id") == entity_id(key)
            if ours and run.changed("archive", "question", key):
                run.client.put(f"/api/card/{row['id']}", {"archived": True})


def _settle(run: Run, question: Question, wanted: dict[str, Any]) -> int:
    stored = run.client.find(f"/api/card/{entity_id(question.key)}")
    after = _canonical(wanted)
    if stored is None:
        if not run.changed("create", "question", question.key):
            return run.placeholder()
        created = run.client.post("/api/card", {**wanted, "entity_id": entity_id(question.key)})
        identifier = int(created["id"])
    else:
        identifier, before = int(stored["id"]), _canonical(stored)
        if not differences(before, after):
            return identifier
        action: Action = "restore" if stored.get("archived") else "update"
        if not run.changed(action, "question", question.key, before, after):
            return identifier
        run.client.put(f"/api/card/{identifier}", {**wanted, "archived": False})
    again = run.client.get(f"/api/card/{entity_id(question.key)}")
    run.stored("question", question.key, _canonical(again), after)
    return identifier


def _body(question: Question, colors: Mapping[str, str], database: int, collection: int) -> dict[str, Any]:
    return {
        "name": question.title,
        "description": f"{question.documentation}\n\n{note('question', question.key)}",
        "type": "question",
        "display": display(question),
        "collection_id": collection,
        "parameters": [_parameter(question, variable) for variable in question.variables],
        "visualization_settings": settings(question, colors),
        "dataset_query": {
            "lib/type": "mbql/query",
            "database": database,
            "stages": [
                {
                    "lib/type": "mbql.stage/native",
                    "native": question.sql,
                    # As a map by name, which every version accepts; only newer versions accept the list that they
                    # return.
                    "template-tags": {variable.name: _tag(question, variable) for variable in question.variables},
                }
            ],
        },
    }


def _tag(question: Question, variable: Variable) -> dict[str, Any]:
    tag: dict[str, Any] = {
        "id": tag_id(question.key, variable.name),
        "name": variable.name,
        "display-name": variable.title,
        "type": variable.type,
    }
    if variable.default is not None:
        tag |= {"default": variable.default, "required": True}
    return tag


def _parameter(question: Question, variable: Variable) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "id": tag_id(question.key, variable.name),
        "name": variable.title,
        "slug": variable.name,
        "type": PARAMETER_TYPES[variable.type],
        "target": ["variable", ["template-tag", variable.name]],
    }
    if variable.default is not None:
        parameter |= {"default": variable.default, "required": True}
    return parameter


def _canonical(card: Mapping[str, Any]) -> dict[str, Any]:
    archived = bool(card.get("archived"))
    return {
        "name": card["name"],
        "description": card.get("description"),
        "type": card.get("type"),
        "display": card["display"],
        # An archived card has the trash as its collection.
        "collection_id": None if archived else card.get("collection_id"),
        "archived": archived,
        "parameters": canonical.parameters(card.get("parameters")),
        "visualization_settings": canonical.visualization(card.get("visualization_settings")),
        "query": canonical.query(card.get("dataset_query")),
    }
