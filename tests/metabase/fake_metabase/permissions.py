"""Groups and the two permission graphs, each with its revision."""

from __future__ import annotations

import copy
from typing import Any

from werkzeug.wrappers import Request

from fake_metabase.answers import Refusal
from fake_metabase.state import State

CLOSED_TO_OSS = ("blocked", "sandboxed", "impersonated")


def get_groups(state: State, request: Request, body: Any) -> Any:
    return state.shuffled([{**group, "member_count": 0} for group in state.rows("groups")])


def post_group(state: State, request: Request, body: Any) -> Any:
    if any(group["name"] == body["name"] for group in state.rows("groups")):
        raise Refusal(400, {"errors": {"name": "A group with that name already exists."}})
    group = state.add("groups", {"name": body["name"]})
    closed = {str(database["id"]): {"view-data": "unrestricted", "create-queries": "no"}
              for database in state.rows("databases")}  # fmt: skip
    state.data["data_graph"]["groups"][str(group["id"])] = closed
    return group


def get_collection_graph(state: State, request: Request, body: Any) -> Any:
    graph = copy.deepcopy(state.data["collection_graph"])
    echoed = (lambda right: True) if state.tags == "map" else (lambda right: right != "none")
    graph["groups"] = {
        group: {key: right for key, right in rights.items() if echoed(right)}
        for group, rights in graph["groups"].items()
    }
    return graph


def put_collection_graph(state: State, request: Request, body: Any) -> Any:
    graph = _checked(state, "collection_graph", body)
    for group, rights in body["groups"].items():
        graph["groups"].setdefault(group, {}).update(rights)
    return get_collection_graph(state, request, body)


def get_data_graph(state: State, request: Request, body: Any) -> Any:
    """Return the graph of data permissions. Some versions report "no" per schema."""
    graph = copy.deepcopy(state.data["data_graph"])
    for rights in graph["groups"].values():
        for right in rights.values():
            if state.tags == "map" and right.get("create-queries") == "no":
                right["create-queries"] = {"banking_refined": "no", "estrela_ops": "no"}
    return graph


def put_data_graph(state: State, request: Request, body: Any) -> Any:
    graph = _checked(state, "data_graph", body)
    for group, databases in body["groups"].items():
        for database, rights in databases.items():
            if rights.get("view-data") in CLOSED_TO_OSS:
                raise Refusal(402, "The view-data permission needs a paid plan.")
            graph["groups"].setdefault(group, {}).setdefault(database, {}).update(rights)
    return get_data_graph(state, request, body)


def _checked(state: State, name: str, body: Any) -> dict[str, Any]:
    graph: dict[str, Any] = state.data[name]
    if state.conflicts > 0:
        state.conflicts -= 1
        graph["revision"] += 1
    if body.get("revision") != graph["revision"]:
        raise Refusal(409, "Looks like someone else edited the permissions and your data is out of date.")
    graph["revision"] += 1
    return graph
