"""Rotation of the passwords of database roles: four steps, each of which may be repeated, on a real PostgreSQL."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from recorded_calls import for_code, recorded

from dataharvest.database.session import Database
from estrela.errors import LoadError, SettingsError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.database_role import STEPS, RoleRotation
from estrela.hooks.secret import Secret
from localaws.postgres_server import postgres
from localaws.running import Running


@pytest.fixture(scope="module")
def master() -> Iterator[dict[str, Any]]:
    """Address of a server that requires passwords, and the login of its master user."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as dsn:
        yield conninfo_to_dict(dsn)


@pytest.fixture
def secrets(aws: Running) -> Any:
    return aws.client("secretsmanager")


@pytest.fixture
def secret(secrets: Any, master: dict[str, Any]) -> str:
    """A secret with the address of the database but without a password, as Terraform creates it."""
    name = f"role-{uuid.uuid4().hex[:8]}"
    role = name.replace("-", "_")
    login = {"host": master["host"], "port": int(master["port"]), "dbname": role, "username": role}
    secrets.create_secret(Name=name, SecretString=json.dumps(login))
    return name


@pytest.fixture
def rotation(secrets: Any, master: dict[str, Any]) -> RoleRotation:
    name = f"master-{uuid.uuid4().hex[:8]}"
    # RDS stores only these two in the secret of the master user.
    login = {"username": master["user"], "password": master["password"]}
    secrets.create_secret(Name=name, SecretString=json.dumps(login))
    return RoleRotation(secrets, name)


def rotate(rotation: RoleRotation, secret: str, times: int = 1) -> None:
    version = str(uuid.uuid4())
    for step in STEPS:
        for _ in range(times):
            rotation.run(step, secret, version)


def login_of(secrets: Any, secret: str) -> dict[str, Any]:
    login: dict[str, Any] = json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"])
    return login


def connect(login: dict[str, Any]) -> psycopg.Connection[Any]:
    given = {"user": login["username"], **{name: login[name] for name in ("password", "host", "port", "dbname")}}
    return psycopg.connect(make_conninfo("", **given))


def test_the_first_rotation_makes_the_role_and_its_database(secrets: Any, rotation: RoleRotation, secret: str) -> None:
    rotate(rotation, secret, times=2)
    login = login_of(secrets, secret)
    with connect(login) as connection:
        connection.execute("CREATE SCHEMA mine")
        assert connection.info.user == connection.info.dbname == login["username"]


def test_a_further_rotation_ends_the_old_password_and_keeps_the_data(
    secrets: Any, rotation: RoleRotation, secret: str
) -> None:
    rotate(rotation, secret)
    old = login_of(secrets, secret)
    with connect(old) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    rotate(rotation, secret)
    new = login_of(secrets, secret)
    assert (len(new["password"]), new["password"] == old["password"]) == (40, False)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(old)
    with connect(new) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(1,)]


def test_who_connected_before_a_rotation_connects_after_it(secrets: Any, rotation: RoleRotation, secret: str) -> None:
    rotate(rotation, secret)
    manager = DatabaseManager.from_secret(Secret(secrets, secret))
    deliveries = Database.from_secret(Secret(secrets, secret))
    for _ in range(2):
        assert manager.query("SELECT 1 AS one") == [{"one": 1}]
        with deliveries.transaction() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        manager.engine.dispose()
        deliveries.close()
        rotate(rotation, secret)


def test_nobody_else_may_connect_to_the_database(secrets: Any, rotation: RoleRotation, secret: str) -> None:
    rotate(rotation, secret)
    login = login_of(secrets, secret)
    other = f"other-{uuid.uuid4().hex[:8]}"
    role = {name: other.replace("-", "_") for name in ("dbname", "username")}
    place = {name: login[name] for name in ("host", "port")}
    secrets.create_secret(Name=other, SecretString=json.dumps(place | role))
    rotate(rotation, other)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(login_of(secrets, other) | {"dbname": login["dbname"]})


def test_an_unfinished_rotation_leaves_the_secret_as_it_was(secrets: Any, rotation: RoleRotation, secret: str) -> None:
    rotate(rotation, secret)
    before = login_of(secrets, secret)
    rotation.run("createSecret", secret, str(uuid.uuid4()))
    assert login_of(secrets, secret) == before
    with connect(before):
        pass


def test_a_password_that_was_not_set_does_not_pass_the_test(rotation: RoleRotation, secret: str) -> None:
    rotate(rotation, secret)
    version = str(uuid.uuid4())
    rotation.run("createSecret", secret, version)
    with pytest.raises(LoadError, match="password authentication failed"):
        rotation.run("testSecret", secret, version)


def test_a_step_that_is_none_is_refused(rotation: RoleRotation, secret: str) -> None:
    with pytest.raises(SettingsError) as refused:
        rotation.run("dropSecret", secret, "1")
    assert str(refused.value) == ("Step: is 'dropSecret'; allowed: createSecret, setSecret, testSecret, finishSecret")


def test_the_rotation_calls_what_its_role_allows_and_nothing_else(
    master: dict[str, Any], secret: str, rotation: RoleRotation, aws: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    with recorded() as actions:
        rotate(RoleRotation(boto3.client("secretsmanager"), rotation.master_secret), secret)
    assert actions == for_code("warehouse.rotation")
