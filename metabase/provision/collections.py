"""The collections of a site: one for its dashboards, one below it for their questions; and one for analysts' own
experiments, which the sites of a Metabase share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metabase.model import Site
from metabase.provision.change import Action, differences
from metabase.provision.identity import marked_key, note
from metabase.provision.run import Run

ABOUT = {
    "dashboards": "Dashboards that are declared in files.",
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


@dataclass(frozen=True)
class Declared:
    """A declared collection: its purpose, its name, the site that owns it ("": all sites), and the id of its parent."""

    purpose: str
    name: str
    owner: str = ""
    parent: int | None = None

    @property
    def key(self) -> str:
        """The key in its mark."""
        return f"{self.owner}_{self.purpose}" if self.owner else self.purpose

    @property
    def body(self) -> dict[str, Any]:
        """The fields of a request."""
        description = f"{ABOUT[self.purpose]}\n\n{note('collection', self.key)}"
        return {"name": self.name, "description": description, "parent_id": self.parent}


def settle_collections(run: Run, site: Site) -> Collections:
    """Create or update the declared collections. One that people created with a declared name and parent is adopted."""
    stored = _stored(run)
    dashboards = _settle(run, stored, Declared("dashboards", site.collection, site.owner))
    return Collections(
        dashboards=dashboards,
        questions=_settle(run, stored, Declared("questions", site.questions_collection, site.owner, dashboards)),
        sandbox=_settle(run, stored, Declared("sandbox", site.sandbox_collection)),
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


def _settle(run: Run, stored: Sequence[Mapping[str, Any]], declared: Declared) -> int:
    collection = next((row for row in stored if marked_key("collection", row.get("description")) == declared.key), None)
    collection = collection or next((row for row in stored if _is_adoptable(row, declared)), None)
    if collection is None:
        if not run.changed("create", "collection", declared.name):
            return run.placeholder()
        given = {field: value for field, value in declared.body.items() if value is not None}
        created = run.client.post("/api/collection", given)
        run.stored("collection", declared.name, _canonical(created), {**declared.body, "archived": False})
        return int(created["id"])
    return _update_if_different(run, collection, {**declared.body, "archived": False})


def _is_adoptable(row: Mapping[str, Any], declared: Declared) -> bool:
    return row["name"] == declared.name and _parent(row) == declared.parent and not row.get("archived")


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
