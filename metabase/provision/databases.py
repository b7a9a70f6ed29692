"""The database that answers the questions: Athena, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.errors import SettingsError
from metabase.model import Site
from metabase.provision.change import differences
from metabase.provision.errors import MetabaseRejectedError
from metabase.provision.identity import marked_key, note
from metabase.provision.run import Run
from metabase.provision.target import Lake, PostgresServer, Target, secret_name

CHECKED = {
    "athena": "Athena ({}); check region, workgroup, staging folder, role",
    "postgres": "PostgreSQL ({}); check the secret, and that Metabase may reach the host",
}
"""Advice if Metabase cannot connect."""
MASKED = "**MetabasePass**"
"""The value that Metabase returns in place of a secret, and accepts as "unchanged"."""
SECRETS = ("secret_key", "password")
PUT_ONLY = ("refingerprint", "points_of_interest")
SWITCHES = ("is_full_sync", "is_on_demand", "auto_run_queries", "refingerprint")
ATHENA = (
    "region",
    "workgroup",
    "s3_staging_dir",
    "catalog",
    "access_key",
    "secret_key",
    "dbname",
    "advanced-options",
    "let-user-control-scheduling",
    "include-user-id-and-hash",
    "additional-options",
)
POSTGRES = ("host", "port", "dbname", "user", "password", "ssl", "advanced-options", "let-user-control-scheduling")
DETAILS = {"athena": ATHENA, "postgres": POSTGRES}


def settle_database(run: Run, site: Site, target: Target, *, rotate: bool = False) -> int:
    """Create or update the site's database; return its id. ``rotate`` sends its secrets again, as they cannot be
    compared.

    Raises MetabaseError, with the database's reason if Metabase cannot connect, and SettingsError.
    """
    wanted = _body(site, target)
    database = _found(run, site)
    created = database is None
    if database is None:
        if not run.changed("create", "database", site.database):
            return run.placeholder()
        database = _sent(run, "POST", "/api/database", {key: wanted[key] for key in wanted if key not in PUT_ONLY})
    identifier = int(database["id"])
    before, after = _canonical(database), _canonical(wanted)
    if not (differences(before, after) or rotate):
        return identifier
    if run.writes if created else run.changed("update", "database", site.database, before, after):
        _sent(run, "PUT", f"/api/database/{identifier}", _kept_secrets(wanted, database, rotate=rotate))
        run.stored("database", site.database, _canonical(run.client.get(f"/api/database/{identifier}")), after)
    return identifier


def _found(run: Run, site: Site) -> dict[str, Any] | None:
    listed = run.client.get("/api/database")
    databases = sorted(
        listed["data"] if isinstance(listed, Mapping) else listed, key=lambda database: int(database["id"])
    )
    ours = [
        database
        for database in databases
        if marked_key("database", database.get("points_of_interest")) == site.database_key
    ]
    ours = ours or [
        database for database in databases if (database["engine"], database["name"]) == (site.engine, site.database)
    ]
    stored: dict[str, Any] | None = run.client.get(f"/api/database/{ours[0]['id']}") if ours else None
    return stored


def _sent(run: Run, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    send = run.client.post if method == "POST" else run.client.put
    try:
        sent: dict[str, Any] = send(path, body)
    except MetabaseRejectedError as error:
        if error.status != 400:
            raise
        problem = f"Metabase cannot connect to {CHECKED[str(body['engine'])].format(error.problem)}"
        raise MetabaseRejectedError("database", problem, 400) from None
    return sent


def _body(site: Site, target: Target) -> dict[str, Any]:
    """Return the request. No full sync, which would scan every table to fingerprint it; values only for filters."""
    return {
        "name": site.database,
        "engine": site.engine,
        "points_of_interest": note("database", site.database_key),
        "is_full_sync": False,
        "is_on_demand": True,
        "auto_run_queries": False,
        "refingerprint": False,
        # Without let-user-control-scheduling, Metabase chooses new times whenever the database is saved.
        "schedules": {
            "metadata_sync": {"schedule_type": "daily", "schedule_hour": 3, "schedule_minute": 0},
            "cache_field_values": None,
        },
        "details": {
            **(_athena(target.lake) if site.engine == "athena" else _postgres(site, target.servers)),
            "advanced-options": True,
            "let-user-control-scheduling": True,
        },
    }


def _athena(lake: Lake) -> dict[str, Any]:
    return {
        "region": lake.region,
        "workgroup": lake.workgroup,
        "s3_staging_dir": lake.staging_dir,
        "catalog": lake.catalog,
        "access_key": lake.access_key,
        "secret_key": lake.secret_key,
        "dbname": "",
        # The id and hash that Metabase prepends to each query would prevent Athena from reusing results.
        "include-user-id-and-hash": False,
        "additional-options": lake.options,
    }


def _postgres(site: Site, servers: Mapping[str, PostgresServer]) -> dict[str, Any]:
    server = servers.get(site.server)
    if server is None:
        raise SettingsError(secret_name(site.server), f"is missing; give the name of the secret of the {site.server}")
    return {
        "host": server.host,
        "port": server.port,
        "dbname": server.dbname,
        "user": server.user,
        "password": server.password,
        "ssl": server.ssl,
    }


def _canonical(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return only declared keys of the details; of a secret, only whether it is set."""
    stored_details = stored.get("details") or {}
    details = {key: stored_details.get(key) or None for key in DETAILS.get(stored["engine"], ())}
    for key in SECRETS:
        if key in details:
            details[key] = "given" if details[key] else None
    schedule = dict((stored.get("schedules") or {}).get("metadata_sync") or {})
    return {
        **{key: stored.get(key) for key in ("name", "engine", "points_of_interest")},
        **{key: bool(stored.get(key)) for key in SWITCHES},
        "details": details,
        "metadata_sync": {key: value for key, value in schedule.items() if value is not None},
    }


def _kept_secrets(wanted: Mapping[str, Any], stored: Mapping[str, Any], *, rotate: bool) -> dict[str, Any]:
    details = dict(wanted["details"])
    for key in SECRETS:
        if not rotate and details.get(key) and stored.get("details", {}).get(key) == MASKED:
            details[key] = MASKED
    return {**wanted, "details": details}
