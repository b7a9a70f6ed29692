"""A PostgreSQL role whose password AWS Secrets Manager rotates: the four steps of a rotation.

The secret has the format of Amazon RDS, initially without a password: the first rotation creates the role and its
database. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal

from estrela.errors import LoadError, SettingsError, bounded
from estrela.hooks.database_login import CONNECT_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
PASSWORD_LENGTH = 40
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
Login = dict[str, Any]
"""Fields of a secret: host, port, dbname, username, and the password after the first rotation."""


@dataclass(frozen=True)
class RoleRotation:
    """Rotates passwords. ``master_secret`` names the secret with the name and password of the server's master user.

    Each step is idempotent. Raises LoadError if the database refuses, SettingsError for an unknown step.
    """

    secrets: SecretsManagerClient
    master_secret: str

    def run(self, step: str, secret: str, version: str) -> None:
        """Run one step of the rotation of ``secret`` to the new ``version``."""
        steps = dict(zip(STEPS, (self._create, self._set, self._test, self._finish), strict=True))
        if step not in steps:
            raise SettingsError("Step", f"is {step!r}; allowed: {', '.join(STEPS)}")
        steps[step](secret, version)

    def _create(self, secret: str, version: str) -> None:
        try:
            self.secrets.get_secret_value(SecretId=secret, VersionId=version, VersionStage=PENDING)
        except self.secrets.exceptions.ResourceNotFoundException:
            answer = self.secrets.get_random_password(PasswordLength=PASSWORD_LENGTH, ExcludePunctuation=True)
            login = self._login(secret, VersionStage=CURRENT) | {"password": answer["RandomPassword"]}
            self.secrets.put_secret_value(
                SecretId=secret, ClientRequestToken=version, SecretString=json.dumps(login), VersionStages=[PENDING]
            )

    def _set(self, secret: str, version: str) -> None:
        login = self._login(secret, VersionId=version)
        with _connected(login | self._login(self.master_secret) | {"dbname": "postgres"}) as master:
            ensure_role(master, login["username"], login["password"], login["dbname"])

    def _test(self, secret: str, version: str) -> None:
        with _connected(self._login(secret, VersionId=version)) as connection:
            connection.execute("SELECT 1")

    def _finish(self, secret: str, version: str) -> None:
        stages = self.secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        old = next((name for name, labels in stages.items() if CURRENT in labels), None)
        if old != version:
            given: dict[str, Any] = {"RemoveFromVersionId": old} if old else {}
            self.secrets.update_secret_version_stage(
                SecretId=secret, VersionStage=CURRENT, MoveToVersionId=version, **given
            )

    def _login(self, secret: str, **version: str) -> Login:
        login: Login = json.loads(self.secrets.get_secret_value(SecretId=secret, **version)["SecretString"])
        return login


def ensure_role(connection: psycopg.Connection[Any], role: str, password: str, database: str) -> None:
    """Create ``role`` and the ``database`` that it owns, if missing; allow nobody else to connect to it."""
    name = Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, Literal(password)))
    # RDS's master user is not a superuser. To create a database that a role owns, it must be a member of that role.
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(name))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(database), name))
    connection.execute(SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(Identifier(database)))


def _connected(login: Login) -> psycopg.Connection[Any]:
    given = {"user": login["username"], **{name: login[name] for name in ("password", "host", "port", "dbname")}}
    try:
        return psycopg.connect(make_conninfo("", connect_timeout=CONNECT_SECONDS, **given), autocommit=True)
    except psycopg.Error as error:
        # The driver's own text contains the user and the host, but no password.
        raise LoadError(login["dbname"], bounded(str(error).split("\n")[0]), retriable=True) from None
