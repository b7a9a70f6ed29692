"""Waits until Metabase is ready, sets up an empty one, and signs in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from metabase.provision.client import HEALTH, Client
from metabase.provision.errors import MetabaseError, MetabaseRejectedError, MetabaseUnavailableError, NotMetabaseError
from metabase.provision.target import Target

Sleep = Callable[[float], None]
Properties = Mapping[str, Any]


def wait_until_ready(client: Client, sleep: Sleep = time.sleep) -> Properties:
    """Wait until Metabase is ready, and return its public properties.

    Raises MetabaseUnavailableError after the client's timeout.
    """
    deadline = time.monotonic() + client.timeouts.start
    while True:
        try:
            client.get(HEALTH)
            properties = client.get("/api/session/properties")
        except MetabaseUnavailableError as error:
            if time.monotonic() >= deadline:
                problem = f"Metabase is not ready after {client.timeouts.start:g} s: {error}"
                raise MetabaseUnavailableError(client.url, problem) from None
        except MetabaseRejectedError as error:
            problem = f"does not answer as Metabase does ({error}); check METABASE_URL"
            raise NotMetabaseError(client.url, problem) from None
        else:
            if not isinstance(properties, dict) or "has-user-setup" not in properties:
                raise NotMetabaseError(client.url, "does not answer as Metabase does; check METABASE_URL")
            return properties
        sleep(client.timeouts.pause)


def set_up(client: Client, target: Target, properties: Properties) -> None:
    """Create the admin of ``target`` in an empty Metabase. Raises MetabaseError."""
    token = target.setup_token or str(properties.get("setup-token") or "")
    if not (target.email and target.password):
        problem = "Metabase is empty and needs its first admin; give METABASE_ADMIN_EMAIL and METABASE_ADMIN_PASSWORD"
        raise MetabaseError(client.url, problem)
    if not token:
        raise MetabaseError(client.url, "Metabase returns no setup token; set METABASE_SETUP_TOKEN")
    client.hide(token)
    user = {"email": target.email, "password": target.password, "first_name": "Estrela", "last_name": "Admin"}
    answer = client.post("/api/setup", {"token": token, "user": user, "prefs": {"site_name": "Estrela"}})
    client.authorise("X-Metabase-Session", answer["id"])


def sign_in(client: Client, target: Target) -> None:
    """Send the credentials of ``target`` from now on. Raises MetabaseError unless they belong to an admin."""
    if target.api_key:
        client.authorise("x-api-key", target.api_key)
    else:
        client.authorise("X-Metabase-Session", _session(client, target))
    try:
        user = client.get("/api/user/current")
    except MetabaseRejectedError as error:
        if error.status not in (401, 403):
            raise
        raise MetabaseRejectedError(client.url, "METABASE_API_KEY is not accepted", error.status) from None
    if not user.get("is_superuser"):
        problem = "the credentials are not an admin's; permissions and databases need one"
        raise MetabaseRejectedError(client.url, problem, 403)


def _session(client: Client, target: Target) -> str:
    try:
        answer = client.post("/api/session", {"username": target.email, "password": target.password})
    except MetabaseRejectedError as error:
        if error.status not in (400, 401):
            raise
        problem = f"the password of {target.email} is not accepted; check METABASE_ADMIN_PASSWORD"
        raise MetabaseRejectedError(client.url, problem, error.status) from None
    return str(answer["id"])
