"""``python -m airflow_on_ecs.start scheduler``: start one of Airflow's processes after the database has its schema.

ECS starts the services at the same time as the task that migrates the database, so each service waits for it.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from airflow_on_ecs.database import database_url

WAIT_SECONDS = 900.0
PAUSE_SECONDS = 5.0
CHECK = ("airflow", "db", "check-migrations", "--migration-wait-timeout", "60")


def airflow_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return ``env`` with Airflow's settings for the database URL and the Fernet keys, built from their parts.

    ``FERNET_SECRET`` is one secret of 32 characters, or several separated by commas, the newest first.
    """
    url = database_url(env)
    keys = [base64.urlsafe_b64encode(secret.encode()).decode() for secret in env["FERNET_SECRET"].split(",")]
    return {
        **env,
        "AIRFLOW__CORE__FERNET_KEY": ",".join(keys),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url,
    }


def wait_for_schema(
    is_migrated: Callable[[], bool], sleep: Callable[[float], None], clock: Callable[[], float]
) -> bool:
    """Wait for the schema of the database; return whether it was migrated within 15 minutes."""
    deadline = clock() + WAIT_SECONDS
    while not is_migrated():
        if clock() > deadline:
            return False
        sleep(PAUSE_SECONDS)
    return True


def main(arguments: Sequence[str]) -> None:
    """Replace this process by Airflow with ``arguments``; exit with status 1 if the schema is not ready in time."""
    env = airflow_environment(os.environ)

    def is_migrated() -> bool:
        return subprocess.run(CHECK, env=env, check=False).returncode == 0

    if not wait_for_schema(is_migrated, time.sleep, time.monotonic):
        sys.exit(
            "the database still lacks the current schema after 15 minutes; run the task airflow-setup or see its log"
        )
    os.execvpe("airflow", ["airflow", *arguments], env)  # noqa: S606 - it replaces this process


if __name__ == "__main__":
    main(sys.argv[1:])
