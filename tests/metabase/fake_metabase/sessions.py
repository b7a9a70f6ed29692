"""Health, setup, sessions, settings."""

from __future__ import annotations

import json
import uuid
from typing import Any

from werkzeug.wrappers import Request, Response

from fake_metabase.answers import Refusal
from fake_metabase.state import State


def health(state: State, request: Request, body: Any) -> Any:
    return {"status": "ok"}


def properties(state: State, request: Request, body: Any) -> Any:
    tag = "v0.64.1.5" if state.tags == "list" else "v0.58.34"
    claimed = bool(state.data["users"])
    return {
        "has-user-setup": claimed,
        "setup-token": None if claimed else state.setup_token,
        "version": {"tag": tag},
        "engines": {"athena": {}},
    }


def set_up(state: State, request: Request, body: Any) -> Any:
    if state.data["users"]:
        raise Refusal(403, "The /api/setup route can only be used to create the first user.")
    if body["token"] != state.setup_token:
        raise Refusal(400, {"errors": {"token": "Token does not match the setup token."}})
    user = body["user"]
    state.add("users", {"email": user["email"], "password": user["password"], "is_superuser": True})
    return _session(state, user["email"])


def log_in(state: State, request: Request, body: Any) -> Any:
    for user in state.rows("users"):
        if (user["email"], user["password"]) == (body["username"], body["password"]):
            return _session(state, user["email"])
    raise Refusal(401, {"errors": {"password": "did not match stored password"}})


def current_user(state: State, request: Request, body: Any) -> Any:
    return check(state, request)


def check(state: State, request: Request) -> dict[str, Any]:
    key = request.headers.get("x-api-key", "")
    if key in state.data["api_keys"]:
        return {"id": 13370001, "email": "api-key", "is_superuser": state.data["api_keys"][key]}
    email = state.data["sessions"].get(request.headers.get("X-Metabase-Session", ""))
    user = next((user for user in state.rows("users") if user["email"] == email), None)
    if user is None:
        raise Refusal(401, "Unauthenticated")
    return {key: user[key] for key in ("id", "email", "is_superuser")}


def get_setting(state: State, request: Request, body: Any, key: str) -> Any:
    value = state.data["settings"].get(key)
    return None if value is None else Response(json.dumps(value), content_type="application/json")


def put_setting(state: State, request: Request, body: Any, key: str) -> Any:
    state.data["settings"][key] = body["value"]


def _session(state: State, email: str) -> dict[str, str]:
    identifier = str(uuid.uuid4())
    state.data["sessions"][identifier] = email
    return {"id": identifier}
