"""sqlmesh on Athena: a plan, a run with nothing to do, a changed seed and model, a restatement, an environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.clients

TICKETS = [("1", "azul"), ("2", "verde"), ("3", "azul")]
PLANNED = {
    "SELECT * FROM tram.lines ORDER BY line": [("azul", "2", "8.8"), ("verde", "1", "5.0")],
    "SELECT * FROM tram.incomes ORDER BY line": [("azul", "17.6"), ("verde", "10.0")],
    "SELECT id, line FROM tram.days ORDER BY id": TICKETS,
    "SELECT id, line FROM tram.lines_iceberg ORDER BY id": TICKETS,
    "SELECT id, line FROM tram.days_iceberg ORDER BY id": TICKETS,
}
CHANGED = {
    "SELECT line, tickets FROM tram.lines ORDER BY line": [("azul", "2"), ("prata", "1"), ("verde", "1")],
    "SELECT id, line FROM tram.days ORDER BY id": [*TICKETS, ("4", "prata")],
    "SELECT id, line FROM tram.lines_iceberg ORDER BY id": [*TICKETS, ("4", "prata")],
    "SELECT id, line FROM tram.days_iceberg ORDER BY id": [*TICKETS, ("4", "prata")],
}


def test_a_project_is_planned_run_changed_and_restated(client_of: Callable[..., Any]) -> None:
    client = client_of("sqlmesh", "sqlmesh_project")

    def sqlmesh(*arguments: str) -> str:
        return str(client.run("sqlmesh", *arguments, MAX_FORK_WORKERS="1"))

    def plan(*arguments: str) -> str:
        return sqlmesh("plan", "--auto-apply", "--no-prompts", *arguments)

    def read(questions: dict[str, Any]) -> dict[str, Any]:
        return {sql: client.rows(sql) for sql in questions}

    plan()
    assert read(PLANNED) == PLANNED
    sqlmesh("run", "--ignore-cron")
    assert read(PLANNED) == PLANNED

    with (client.folder / "seeds" / "tickets.csv").open("a", encoding="utf-8") as file:
        file.write("4,prata,2024-05-04,6.0\n")
    plan()
    assert read(CHANGED) == CHANGED

    plan("--restate-model", "tram.days", "--restate-model", "tram.days_iceberg", "--start", "2024-05-02")
    assert read(CHANGED) == CHANGED

    plan("dev", "--include-unmodified")
    assert client.rows("SELECT count(*) FROM tram__dev.days_iceberg") == [("4",)]
    sqlmesh("invalidate", "dev", "--sync")
    databases = client.server.client("glue").get_databases()["DatabaseList"]
    assert "tram__dev" not in [database["Name"] for database in databases]
