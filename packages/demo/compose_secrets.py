"""Prints a ``.env`` with random secrets for Docker Compose. ``make .env`` runs it with any Python 3, so it only uses
the standard library.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
import sys

PROJECT = "estrela"
"""Compose's project name, as in ``docker-compose.yml``."""
SECRETS = (
    "POSTGRES_PASSWORD",
    "WAREHOUSE_DB_PASSWORD",
    "AURORA_DB_PASSWORD",
    "AIRFLOW_DB_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_SECRET_KEY",
    "AIRFLOW_JWT_SECRET",
    "METABASE_DB_PASSWORD",
    "METABASE_ADMIN_PASSWORD",
    "METABASE_ENCRYPTION_KEY",
    "METABASE_SETUP_TOKEN",
)


def lines() -> list[str]:
    """Return ``NAME=value`` lines; values need no quoting in a shell, a URL or SQL.

    Airflow's signing keys have 64 characters. Passwords have 32, because Metabase prepends 36 bytes and bcrypt only
    reads 72.
    """
    variables = [f"{name}={secrets.token_hex(16 if name.endswith('PASSWORD') else 32)}" for name in SECRETS]
    fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return ["COMPOSE_PROFILES=mirror", *variables, f"AIRFLOW_FERNET_KEY={fernet}"]


def old_volumes() -> list[str]:
    """Return the names of volumes from an earlier ``.env``; empty without Docker."""
    if not shutil.which("docker"):
        return []
    command = ["docker", "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()


def main() -> int:
    """Print the file; refuse if databases created with the passwords of an earlier one exist."""
    volumes = old_volumes()
    if volumes:
        print(
            f".env was not created: the databases in the volumes {', '.join(volumes)} have the passwords of an earlier"
            " .env. Restore that .env, or delete the data: docker volume rm " + " ".join(volumes),
            file=sys.stderr,
        )
        return 1
    print("\n".join(lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
