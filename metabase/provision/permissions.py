"""Permissions: groups, and their access to the collections and the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from metabase.model import Site
from metabase.provision.collections import Collections
from metabase.provision.errors import MetabaseConflictError, MetabaseError
from metabase.provision.run import Run

EVERYONE, ADMINISTRATORS = "All Users", "Administrators"
ATTEMPTS = 3
Key = tuple[str, str, str]
"""Group, name of the collection or database, and its id."""
Access = Mapping[Key, str]


@dataclass(frozen=True)
class Graph:
    """One of Metabase's permission graphs: functions that read an access from it, and write one."""

    path: str
    name: str
    read: Callable[[Mapping[str, Any], str, str], str]
    give: Callable[[str], Any]


def settle_permissions(run: Run, site: Site, collections: Collections, database: int) -> None:
    """Let analysts see the managed collections and query the database, and engineers change them; nobody else may do
    either.

    Administrators may do everything anyway. The sandbox collection belongs to the analysts. A group created by people
    may see managed collections if somebody grants it, but not change them.
    """
    groups, others = _groups(run, site)
    managed = {EVERYONE: "none", site.analysts: "read", site.engineers: "write"}
    own = {EVERYONE: "none", site.analysts: "write", site.engineers: "write"}
    named = {
        site.collection: (collections.dashboards, managed),
        site.questions_collection: (collections.questions, managed),
        site.sandbox_collection: (collections.sandbox, own),
    }
    wanted = {
        (group, name, str(identifier)): access[group]
        for name, (identifier, access) in named.items()
        for group in groups
    }
    graph = Graph("/api/collection/graph", "collection permissions", _collection_access, str)
    writing = _writing(
        run, graph, others, {name: named[name][0] for name in (site.collection, site.questions_collection)}
    )
    _settle(run, graph, groups | others, {**wanted, **dict.fromkeys(writing, "read")})
    querying = {EVERYONE: "no", site.analysts: "query-builder-and-native", site.engineers: "query-builder-and-native"}
    rights = {(group, site.database, str(database)): querying[group] for group in groups}
    _settle(run, Graph("/api/permissions/graph", "database permissions", _query_access, _query_rights), groups, rights)


def _groups(run: Run, site: Site) -> tuple[dict[str, int], dict[str, int]]:
    """Return the ids by name of the declared groups, created if missing, and of groups created by people."""
    stored = {group["name"]: int(group["id"]) for group in run.client.get("/api/permissions/group")}
    if EVERYONE not in stored:
        raise MetabaseError("groups", f"Metabase has no group {EVERYONE!r}; it has {', '.join(sorted(stored))}")
    for name in (site.analysts, site.engineers):
        if name not in stored:
            if run.changed("create", "group", name):
                stored[name] = int(run.client.post("/api/permissions/group", {"name": name})["id"])
            else:
                stored[name] = run.placeholder()
    declared = (EVERYONE, site.analysts, site.engineers)
    others = {name: stored[name] for name in stored if name not in (*declared, ADMINISTRATORS)}
    return {name: stored[name] for name in declared}, others


def _writing(run: Run, graph: Graph, groups: Mapping[str, int], collections: Mapping[str, int]) -> list[Key]:
    """Return the managed collections that a group in ``groups`` may change, although only engineers should."""
    keys = {(group, name, str(collections[name])): "write" for group in groups for name in collections}
    rights = _access(graph, groups, keys, run.client.get(graph.path))
    return [key for key, access in rights.items() if access == "write"]


def _settle(run: Run, graph: Graph, groups: Mapping[str, int], wanted: Access) -> None:
    """Change ``graph`` to the ``wanted`` access; a concurrent change is kept, and ``graph`` read again."""
    noted = False
    for attempt in range(1, ATTEMPTS + 1):
        stored = run.client.get(graph.path)
        current = _access(graph, groups, wanted, stored)
        if current == wanted:
            return
        noted = noted or run.changed("update", "permissions", graph.name, _named(current), _named(wanted))
        if not noted:
            return
        left = {key: value for key, value in wanted.items() if current[key] != value}
        try:
            run.client.put(graph.path, {"revision": stored["revision"], "groups": _update(graph, groups, left)})
        except MetabaseConflictError:
            if attempt == ATTEMPTS:
                raise
            continue
        again = _access(graph, groups, wanted, run.client.get(graph.path))
        run.stored("permissions", graph.name, _named(again), _named(wanted))
        return


def _access(graph: Graph, groups: Mapping[str, int], wanted: Access, stored: Mapping[str, Any]) -> dict[Key, str]:
    return {key: graph.read(stored["groups"], str(groups[key[0]]), key[2]) for key in wanted}


def _update(graph: Graph, groups: Mapping[str, int], left: Access) -> dict[str, dict[str, Any]]:
    update: dict[str, dict[str, Any]] = {}
    for (group, _, identifier), value in left.items():
        update.setdefault(str(groups[group]), {})[identifier] = graph.give(value)
    return update


def _collection_access(stored: Mapping[str, Any], group: str, collection: str) -> str:
    """Return the access of a group to a collection; some versions omit ``none``."""
    return str((stored.get(group) or {}).get(collection) or "none")


def _query_access(stored: Mapping[str, Any], group: str, database: str) -> str:
    """Return the access in one word; "some tables" if a server grants it by schema and table, with different values."""
    rights = (stored.get(group) or {}).get(database) or {}
    given = rights.get("create-queries") or "no"
    if isinstance(given, str):
        return given
    single = {str(value) for value in _leaves(given)}
    return single.pop() if len(single) == 1 else "some tables"


def _query_rights(access: str) -> dict[str, str]:
    """Return the rights for an access; the open-source edition has only this ``view-data``."""
    return {"view-data": "unrestricted", "create-queries": access}


def _leaves(value: Any) -> list[Any]:
    return [leaf for inner in value.values() for leaf in _leaves(inner)] if isinstance(value, Mapping) else [value]


def _named(access: Access) -> dict[str, str]:
    return {f"{group} on {name}": value for (group, name, _), value in access.items()}
