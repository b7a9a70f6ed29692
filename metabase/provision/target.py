"""The Metabase, its credentials and its data sources, read once from the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from estrela.errors import SettingsError
from metabase.model import Server

URL = re.compile(r"https?://[^/@\s]+(/[^@\s?#]*)?")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
STAGING = re.compile(r"s3://[a-z0-9.-]+/.*|")
OPTIONS = re.compile(r"([A-Za-z][A-Za-z0-9]*=[^;=\s]+(;[A-Za-z][A-Za-z0-9]*=[^;=\s]+)*;?)?")
SERVERS: tuple[str, ...] = get_args(Server)
ReadSecret = Callable[[str], Mapping[str, str]]
"""Returns the fields of a JSON secret in AWS Secrets Manager, by name."""


@dataclass(frozen=True)
class Lake:
    """Metabase's connection to Athena. Without keys it uses the credentials of its own role.

    ``options`` are further properties of Athena's JDBC driver, ``Name=value;Name=value``.
    """

    region: str
    workgroup: str
    staging_dir: str
    catalog: str
    options: str
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class PostgresServer:
    """Metabase's connection to a PostgreSQL."""

    host: str
    port: int
    dbname: str
    user: str
    ssl: bool = True
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Target:
    """A Metabase and its login: an ``api_key``, or the admin's ``email`` and ``password``.

    ``setup_token`` is used once, for an empty Metabase that does not reveal its token. ``servers`` are the PostgreSQL
    servers whose secret is given, by their names in sites.
    """

    url: str
    lake: Lake
    email: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    setup_token: str = field(default="", repr=False)
    servers: Mapping[str, PostgresServer] = field(default_factory=dict)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secrets that no message may contain."""
        lake = self.lake
        passwords = (server.password for server in self.servers.values())
        return (self.password, self.api_key, self.setup_token, lake.access_key, lake.secret_key, *passwords)


def target_from(environment: Mapping[str, str], read_secret: ReadSecret) -> Target:
    """Return the target that ``environment`` names. Raises SettingsError."""
    values = {name: value.strip() for name, value in environment.items() if value.strip()}
    secret = read_secret(values["METABASE_SECRET"]) if "METABASE_SECRET" in values else {}
    target = Target(
        url=_matching(values, "METABASE_URL", URL, "http(s)://host:port, without a user or password"),
        lake=_lake(values),
        api_key=values.get("METABASE_API_KEY") or secret.get("api_key", ""),
        email=values.get("METABASE_ADMIN_EMAIL") or secret.get("email", ""),
        password=values.get("METABASE_ADMIN_PASSWORD") or secret.get("password", ""),
        setup_token=values.get("METABASE_SETUP_TOKEN") or secret.get("setup_token", ""),
        servers={name: _server(name, values, read_secret) for name in SERVERS if secret_name(name) in values},
    )
    if not target.api_key and not (target.email and target.password):
        problem = (
            "there are no credentials; give METABASE_API_KEY, or METABASE_ADMIN_EMAIL and METABASE_ADMIN_PASSWORD, or "
            "METABASE_SECRET, the name of a secret with the fields api_key, or email and password"
        )
        raise SettingsError("METABASE_API_KEY", problem)
    return target


def _lake(values: Mapping[str, str]) -> Lake:
    region = "AWS_REGION" if "METABASE_ATHENA_REGION" not in values else "METABASE_ATHENA_REGION"
    lake = Lake(
        region=_matching(values, region, REGION, "a region such as eu-west-1"),
        workgroup=values.get("METABASE_ATHENA_WORKGROUP", "primary"),
        staging_dir=_matching(values, "METABASE_ATHENA_STAGING_DIR", STAGING, "a folder s3://bucket/...", ""),
        catalog=values.get("METABASE_ATHENA_CATALOG", "AwsDataCatalog"),
        options=_matching(values, "METABASE_ATHENA_OPTIONS", OPTIONS, "Name=value;Name=value", "").rstrip(";"),
        access_key=values.get("METABASE_ATHENA_ACCESS_KEY", ""),
        secret_key=values.get("METABASE_ATHENA_SECRET_KEY", ""),
    )
    if bool(lake.access_key) != bool(lake.secret_key):
        raise SettingsError("METABASE_ATHENA_ACCESS_KEY", "is given together with METABASE_ATHENA_SECRET_KEY, or not")
    return lake


def secret_name(server: str) -> str:
    """Return the environment variable with the name of a server's secret."""
    return f"METABASE_{server.upper()}_SECRET"


def _server(name: str, values: Mapping[str, str], read_secret: ReadSecret) -> PostgresServer:
    """Return the connection in a secret in the format of Amazon RDS."""
    fields = read_secret(values[secret_name(name)])
    lacking = [key for key in ("host", "port", "dbname", "username", "password") if not fields.get(key)]
    if lacking:
        raise SettingsError(secret_name(name), f"names a secret without {lacking[0]}; give that of RDS")
    switch = f"METABASE_{name.upper()}_SSL"
    ssl = _matching(values, switch, re.compile("true|false"), "true or false", "true") == "true"
    host, port, dbname, user = fields["host"], int(fields["port"]), fields["dbname"], fields["username"]
    return PostgresServer(host, port, dbname, user, ssl, fields["password"])


def _matching(
    values: Mapping[str, str], name: str, pattern: re.Pattern[str], allowed: str, default: str | None = None
) -> str:
    value = values.get(name, default)
    if value is None:
        raise SettingsError(name, f"is missing; give {allowed}")
    if not pattern.fullmatch(value):
        # The value is not shown, because a URL may contain a password.
        raise SettingsError(name, f"is not {allowed}")
    return value
