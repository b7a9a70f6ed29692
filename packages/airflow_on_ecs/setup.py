"""``python -m airflow_on_ecs.setup``: create the schema of Airflow's database and an administrator. Repeatable."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from airflow_on_ecs.start import airflow_environment

USER = "admin"


def main(env: Mapping[str, str]) -> int:
    """Migrate the database and create the administrator unless it exists.

    Returns the exit status of the command that failed, else 0.
    """
    given = airflow_environment(env)
    migrated = subprocess.run(["airflow", "db", "migrate"], env=given, check=False)
    if migrated.returncode:
        return migrated.returncode
    # Airflow prompts for the password twice. Standard input is used because other processes can see arguments.
    password = f"{given['ADMIN_PASSWORD']}\n" * 2
    name = ["--username", USER, "--role", "Admin", "--firstname", "First", "--lastname", "Administrator"]
    command = ["airflow", "users", "create", *name, "--email", given["ADMIN_EMAIL"]]
    return subprocess.run(command, env=given, input=password, text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(os.environ))
