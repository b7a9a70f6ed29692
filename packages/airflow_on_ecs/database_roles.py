"""``python -m airflow_on_ecs.database_roles``: a role with a database of its own for each service. Safe to repeat.

Only this task has the master's password, which RDS replaces every week. It also gives the roles their present
passwords, so running it again completes a rotation.
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
    """Make the role and its database where they are missing; nobody else may connect to the database."""
    name = Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(SQL("CREATE ROLE {} LOGIN").format(name))
    connection.execute(SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, Literal(password)))
    # RDS's master is no superuser: it gives a database only to a role that it is a member of.
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(name))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [role]).fetchone():
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    connection.execute(SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))


def main(env: Mapping[str, str]) -> int:
    """Ensure the roles that ``ROLES`` lists as JSON, with the passwords in ``PASSWORD_<ROLE>``."""
    master = {**env, "DATABASE_NAME": "postgres"}
    with psycopg.connect(database_url(master, "postgresql"), connect_timeout=10, autocommit=True) as connection:
        for role in json.loads(env["ROLES"]):
            ensure_role(connection, role, env[f"PASSWORD_{role.upper()}"])
            print(f"role and database {role} are there")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
