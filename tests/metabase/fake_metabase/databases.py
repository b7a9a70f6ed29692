"""Databases, their sync, tables and fields."""

from __future__ import annotations

import random
from typing import Any

from werkzeug.wrappers import Request

from fake_metabase.answers import Refusal, check_keys, existing
from fake_metabase.state import EVERYONE, Row, State, now

MASK = "**MetabasePass**"
SECRET = ("secret_key", "password")
OPEN = {"view-data": "unrestricted", "create-queries": "query-builder-and-native", "download": {"schemas": "full"}}


def get_all(state: State, request: Request, body: Any) -> Any:
    rows = [_shown(row, whole=False) for row in state.rows("databases")]
    return {"data": state.shuffled(rows), "total": len(rows)}


def get(state: State, request: Request, body: Any, identifier: int) -> Any:
    return _shown(existing(state, "databases", identifier), whole=True)


def post(state: State, request: Request, body: Any) -> Any:
    check_keys("POST database", body)
    _connect(state)
    row = state.add(
        "databases",
        {
            "name": body["name"],
            "engine": body["engine"],
            "details": dict(body["details"]),
            "is_full_sync": body.get("is_full_sync", True),
            "is_on_demand": body.get("is_on_demand", False),
            "auto_run_queries": body.get("auto_run_queries", True),
            "refingerprint": None,
            "description": None,
            "caveats": None,
            "points_of_interest": None,
            "initial_sync_status": "incomplete",
            "created_at": now(),
        },
    )
    _schedule(row, body)
    state.data["data_graph"]["groups"].setdefault(str(EVERYONE), {})[str(row["id"])] = dict(OPEN)
    state.sync(row)
    return _shown(row, whole=True)


def put(state: State, request: Request, body: Any, identifier: int) -> Any:
    check_keys("PUT database", body)
    row = existing(state, "databases", identifier)
    given = {key: row["details"].get(key) if value == MASK else value for key, value in body.get("details", {}).items()}
    details = {**row["details"], **given}
    if details != row["details"]:
        _connect(state)
    row["details"] = details
    for key in ("name", "engine", "is_full_sync", "is_on_demand", "auto_run_queries", "refingerprint"):
        if body.get(key) is not None:
            row[key] = body[key]
    for key in ("description", "caveats", "points_of_interest"):
        if key in body:
            row[key] = body[key]
    _schedule(row, body)
    return _shown(row, whole=True)


def sync_schema(state: State, request: Request, body: Any, identifier: int) -> Any:
    state.sync(existing(state, "databases", identifier))
    return {"status": "ok"}


def metadata(state: State, request: Request, body: Any, identifier: int) -> Any:
    database = existing(state, "databases", identifier)
    state.poll_sync(database)
    tables = [table for table in state.rows("tables") if table["db_id"] == identifier]
    shown = [{**table, "fields": state.shuffled(table["fields"])} for table in tables]
    return {**_shown(database, whole=True), "tables": state.shuffled(shown)}


def put_table(state: State, request: Request, body: Any, identifier: int) -> Any:
    row = existing(state, "tables", identifier)
    row.update(body)
    return row


def put_field(state: State, request: Request, body: Any, identifier: int) -> Any:
    fields = [field for table in state.rows("tables") for field in table["fields"] if field["id"] == identifier]
    if not fields:
        raise Refusal(404, "Not found.")
    fields[0].update(body)
    return fields[0]


def _connect(state: State) -> None:
    if state.connection_error:
        errors = {"details": {"workgroup": "check your settings"}}
        raise Refusal(400, {"message": state.connection_error, "errors": errors})


def _schedule(row: Row, body: Row) -> None:
    """Set the sync schedule. Without let-user-control-scheduling each save sets a random minute."""
    wanted = (body.get("schedules") or {}).get("metadata_sync")
    if not row["details"].get("let-user-control-scheduling"):
        wanted = {"schedule_type": "hourly", "schedule_minute": random.randint(0, 59)}
    if wanted or "schedules" not in row:
        full = {"schedule_day": None, "schedule_frame": None, "schedule_hour": None, "schedule_minute": 0}
        row["schedules"] = {
            "metadata_sync": {**full, **(wanted or {"schedule_type": "hourly"})},
            "cache_field_values": None,
        }


def _shown(row: Row, *, whole: bool) -> Row:
    details = {key: MASK if key in SECRET and value else value for key, value in row["details"].items()}
    hidden = () if whole else ("schedules",)
    return {**{key: value for key, value in row.items() if key not in ("sync_in", *hidden)}, "details": details}
