"""Every request of the provisioner is valid by Metabase's own OpenAPI document."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from fake_metabase import State, serving
from metabase_contract import Contract

WRITES = {
    "POST /api/setup",
    "POST /api/session",
    "POST /api/database",
    "PUT /api/database/N",
    "POST /api/database/N/sync_schema",
    "PUT /api/table/N",
    "PUT /api/field/N",
    "POST /api/collection",
    "PUT /api/collection/N",
    "PUT /api/collection/graph",
    "PUT /api/permissions/graph",
    "POST /api/permissions/group",
    "POST /api/card",
    "PUT /api/card/N",
    "POST /api/card/N/query",
    "POST /api/dashboard",
    "PUT /api/dashboard/N",
    "POST /api/dashboard/N/dashcard/N/card/N/query",
    "PUT /api/setting/custom-homepage",
    "PUT /api/setting/custom-homepage-dashboard",
}


def test_all_kinds_of_requests_are_sent_and_judged_sound(contract: Contract, empty: Any) -> None:
    contract.seen.clear()
    empty.state.sync_polls = 2
    assert empty.run("apply", "--allow-missing-tables") == 0, empty.err
    empty.row("cards", "All sales")["archived"] = True
    empty.row("collections", "House")["archived"] = True
    empty.row("dashboards", "Sales")["archived"] = True
    assert empty.run("plan") == 2
    assert empty.run("apply") == 0, empty.err
    seen = {re.sub(r"\d+", "N", request) for request in contract.seen}
    assert {request for request in seen if not request.startswith("GET")} == WRITES
    assert contract.violations == []


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("POST", "/api/dashboard", {"description": "no name"}, "'name' is a required property"),
        ("PUT", "/api/dashboard/1", {"dashcards": [{"id": 1}]}, "is not valid under any of the given schemas"),
        ("POST", "/api/card", {"name": 7}, "7 is not of type 'string'"),
        ("PUT", "/api/dashboard/1/everything", {}, "PathNotFound"),
        ("PATCH", "/api/card/1", {}, "OperationNotFound"),
    ],
)
def test_the_judge_refuses_what_metabase_would(
    contract: Contract, method: str, path: str, body: dict[str, Any], reason: str
) -> None:
    before = len(contract.violations)
    with serving(State(), contract.watch) as url:
        requests.request(method, url + path, json=body, timeout=5)
    violations = contract.violations[before:]
    del contract.violations[before:]
    assert len(violations) == 1
    assert reason in violations[0]
