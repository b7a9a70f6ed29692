"""``python -m airflow_on_ecs.database_roles``: create a role with its own database for each service. Repeatable.

Only this task has the master password, which RDS rotates every week. It also sets the current passwords of the roles,
so running it again completes a rotation.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from airflow_on_ecs.database import database_url


def ensure_role(connection: psycopg.Connection[Any], role: str, password: str) -> None:
    """Create the role and its database if they do not exist. Only the role may connect to the database."""
    name = Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, Literal(password)))
    # The RDS master is not a superuser: it can make a role the owner of a database only if it is a member of that role.
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(name))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role]).fetchone():
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    connection.execute(SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))


def main(env: Mapping[str, str]) -> int:
    """Ensure the roles listed in ``ROLES`` (JSON), with the passwords in ``PASSWORD_<ROLE>``."""
    master = {**env, "DATABASE_NAME": "postgres"}
    with psycopg.connect(database_url(master, "postgresql"), connect_timeout=10, autocommit=True) as connection:
        for role in json.loads(env["ROLES"]):
            ensure_role(connection, role, env[f"PASSWORD_{role.upper()}"])
            print(f"role and database {role} exist")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
