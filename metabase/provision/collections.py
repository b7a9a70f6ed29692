"""The collections: one for the dashboards, one below it for their questions, one for analysts' own experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metabase.model import Site
from metabase.provision.change import Action, differences
from metabase.provision.identity import marked_key, note
from metabase.provision.run import Run

ABOUT = {
    "dashboards": "Dashboards of the star schema of Brazil's banks.",
    "questions": "The questions behind the dashboards.",
    "sandbox": "For analysts' own questions and dashboards.",
}


@dataclass(frozen=True)
class Collections:
    """The ids of the collections."""

    dashboards: int
    questions: int
    sandbox: int

    @property
    def managed(self) -> tuple[int, int]:
        """The collections with declared content."""
        return (self.dashboards, self.questions)


def settle_collections(run: Run, site: Site) -> Collections:
    """Create or update the declared collections. One that people created with a declared name and parent is adopted."""
    stored = _stored(run)
    dashboards = _settle(run, stored, "dashboards", site.collection, None)
    return Collections(
        dashboards=dashboards,
        questions=_settle(run, stored, "questions", site.questions_collection, dashboards),
        sandbox=_settle(run, stored, "sandbox", site.sandbox_collection, None),
    )


def items(run: Run, collection: int, model: str, *, archived: bool = False) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a collection, fetched page by page, sorted by id."""
    if collection < 0:
        return
    entries: list[Mapping[str, Any]] = []
    while True:
        answer = run.client.get(
            f"/api/collection/{collection}/items",
            [("models", model), ("archived", str(archived).lower()), ("limit", "200"), ("offset", str(len(entries)))],
        )
        entries += answer["data"]
        if not answer["data"] or len(entries) >= answer["total"]:
            break
    yield from sorted(entries, key=lambda entry: int(entry["id"]))


def _stored(run: Run) -> list[Mapping[str, Any]]:
    rows = [
        row
        for archived in ("false", "true")
        for row in run.client.get("/api/collection", [("archived", archived)])
        if isinstance(row["id"], int) and not row.get("personal_owner_id") and row.get("type") != "trash"
    ]
    return sorted({row["id"]: row for row in rows}.values(), key=lambda row: (bool(row.get("archived")), row["id"]))


def _settle(run: Run, stored: Sequence[Mapping[str, Any]], key: str, name: str, parent: int | None) -> int:
    wanted = {"name": name, "description": f"{ABOUT[key]}\n\n{note('collection', key)}", "parent_id": parent}
    collection = next((row for row in stored if marked_key("collection", row.get("description")) == key), None)
    collection = collection or next(
        (row for row in stored if row["name"] == name and _parent(row) == parent and not row.get("archived")), None
    )
    if collection is None:
        if not run.changed("create", "collection", name):
            return run.placeholder()
        created = run.client.post(
            "/api/collection", {field: value for field, value in wanted.items() if value is not None}
        )
        run.stored("collection", name, _canonical(created), {**wanted, "archived": False})
        return int(created["id"])
    return _update_if_different(run, collection, {**wanted, "archived": False})


def _update_if_different(run: Run, collection: Mapping[str, Any], wanted: Mapping[str, Any]) -> int:
    identifier, before = int(collection["id"]), _canonical(collection)
    if differences(before, wanted):
        action: Action = "restore" if collection.get("archived") else "update"
        if run.changed(action, "collection", str(wanted["name"]), before, wanted):
            run.client.put(f"/api/collection/{identifier}", wanted)
            again = run.client.get(f"/api/collection/{identifier}")
            run.stored("collection", str(wanted["name"]), _canonical(again), wanted)
    return identifier


def _canonical(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "description": row.get("description"),
        "parent_id": _parent(row),
        "archived": bool(row.get("archived")),
    }


def _parent(row: Mapping[str, Any]) -> int | None:
    """Return the last id of a location such as ``/4/7/``; None at the top level."""
    ids = [part for part in str(row.get("location") or "/").split("/") if part]
    return int(ids[-1]) if ids else None
