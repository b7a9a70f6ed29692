"""Who may see and who may change: groups, the collections' permissions and those of the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metabase.model import Site
from metabase.provision.collections import Collections
from metabase.provision.errors import MetabaseConflictError, MetabaseError
from metabase.provision.run import Run

EVERYONE = "All Users"
ATTEMPTS = 3
Graph = Mapping[str, Any]


def settle_permissions(run: Run, site: Site, collections: Collections, database: int) -> None:
    """Analysts see the managed collections and query the database; engineers change them; everyone else neither.

    Administrators may do all anyway. The Sandbox is the analysts' own.
    """
    groups = _groups(run, site)
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
    _settle(run, "/api/collection/graph", "collection permissions", groups, wanted, _collection_access)
    querying = {EVERYONE: "no", site.analysts: "query-builder-and-native", site.engineers: "query-builder-and-native"}
    rights = {(group, site.database, str(database)): querying[group] for group in groups}
    _settle(run, "/api/permissions/graph", "database permissions", groups, rights, _query_access)


def _groups(run: Run, site: Site) -> dict[str, int]:
    """The ids of the groups by name; those of analysts and engineers are made where they are missing."""
    stored = {group["name"]: int(group["id"]) for group in run.client.get("/api/permissions/group")}
    if EVERYONE not in stored:
        raise MetabaseError("groups", f"Metabase has no group {EVERYONE!r}; it has {', '.join(sorted(stored))}")
    for name in (site.analysts, site.engineers):
        if name not in stored:
            if run.changed("create", "group", name):
                stored[name] = int(run.client.post("/api/permissions/group", {"name": name})["id"])
            else:
                stored[name] = run.placeholder()
    return {name: stored[name] for name in (EVERYONE, site.analysts, site.engineers)}


def _settle(
    run: Run,
    path: str,
    kind: str,
    groups: Mapping[str, int],
    wanted: Mapping[tuple[str, str, str], str],
    access: Callable[[Graph, str, str], str],
) -> None:
    """Bring the graph at ``path`` to the ``wanted`` access by (group, name, id); somebody else's change is kept."""
    noted = False
    for attempt in range(1, ATTEMPTS + 1):
        graph = run.client.get(path)
        found = {key: access(graph["groups"], str(groups[key[0]]), key[2]) for key in wanted}
        left = [key for key in wanted if found[key] != wanted[key]]
        if not left or not (noted or run.changed("update", "permissions", kind, _named(found), _named(wanted))):
            return
        noted = True
        try:
            run.client.put(path, {"revision": graph["revision"], "groups": _update(path, groups, left, wanted)})
        except MetabaseConflictError:
            if attempt == ATTEMPTS:
                raise
            continue
        stored = run.client.get(path)["groups"]
        again = {key: access(stored, str(groups[key[0]]), key[2]) for key in wanted}
        run.stored("permissions", kind, _named(again), _named(wanted))
        return


def _update(
    path: str,
    groups: Mapping[str, int],
    left: list[tuple[str, str, str]],
    wanted: Mapping[tuple[str, str, str], str],
) -> dict[str, dict[str, Any]]:
    update: dict[str, dict[str, Any]] = {}
    for key in left:
        group, _, identifier = key
        value = wanted[key]
        is_database = path == "/api/permissions/graph"
        given = {"view-data": "unrestricted", "create-queries": value} if is_database else value
        update.setdefault(str(groups[group]), {})[identifier] = given
    return update


def _collection_access(graph: Graph, group: str, collection: str) -> str:
    """``none`` is not told by every version."""
    return str((graph.get(group) or {}).get(collection) or "none")


def _query_access(graph: Graph, group: str, database: str) -> str:
    """One word, or "some tables" where a server tells it by schema and table."""
    rights = (graph.get(group) or {}).get(database) or {}
    given = rights.get("create-queries") or "no"
    if isinstance(given, str):
        return given
    single = {str(value) for value in _leaves(given)}
    return single.pop() if len(single) == 1 else "some tables"


def _leaves(value: Any) -> list[Any]:
    return [leaf for inner in value.values() for leaf in _leaves(inner)] if isinstance(value, Mapping) else [value]


def _named(access: Mapping[tuple[str, str, str], str]) -> dict[str, str]:
    return {f"{group} on {name}": value for (group, name, _), value in access.items()}
