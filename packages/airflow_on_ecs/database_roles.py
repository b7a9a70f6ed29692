"""``python -m airflow_on_ecs.database_roles``: a role with a database of its own for each service. Safe to repeat.

Only this task has the master's password, which RDS replaces every week. It also gives the roles their present
passwords, so running it again completes a rotation.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import psycopg

from airflow_on_ecs.database import database_url
from estrela.hooks.database_role import ensure_role


def main(env: Mapping[str, str]) -> int:
    """Ensure the roles that ``ROLES`` lists as JSON, with the passwords in ``PASSWORD_<ROLE>``."""
    master = {**env, "DATABASE_NAME": "postgres"}
    with psycopg.connect(database_url(master, "postgresql"), connect_timeout=10, autocommit=True) as connection:
        for role in json.loads(env["ROLES"]):
            ensure_role(connection, role, env[f"PASSWORD_{role.upper()}"], database=role)
            print(f"role and database {role} are there")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
