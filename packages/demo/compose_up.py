"""``make up``: start the stack of docker-compose.yml, then print all addresses, or the failures and their causes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

COMPOSE = ("docker", "compose")
LOG_LINES = 15
OLD_PASSWORD = "password authentication failed"  # noqa: S105 - what PostgreSQL says, not a password
OLD_VOLUMES = (
    "The databases in the volumes have the passwords of an earlier .env. Restore that .env, or delete the data:"
    " docker compose down --volumes"
)


def main() -> int:
    """Return 0 once all services run; else 1, after printing the last log lines of those that failed."""
    started = subprocess.run([*COMPOSE, "up", "-d", "--build"], check=False)
    if started.returncode == 0:
        print(_logs("ready", 1))
        return 0
    print("\n".join(failures()), file=sys.stderr)
    return 1


def failures() -> Iterator[str]:
    """Yield, for each failed service, its name, the end of its log and advice."""
    failed = [service for service in _services() if service.get("ExitCode") or service.get("Health") == "unhealthy"]
    for failure in failed:
        name, log = failure["Service"], _logs(failure["Service"], LOG_LINES)
        state = f"ended with exit code {failure['ExitCode']}" if failure.get("ExitCode") else "is unhealthy"
        yield f"\n{name} {state}. The end of its log (all of it: docker compose logs {name}):\n{log}"
        yield OLD_VOLUMES if OLD_PASSWORD in log else "Fix the cause and run 'make up' again; it continues from here."
    if not failed:
        yield "docker compose failed before it started a service; see its message above."


def _services() -> list[dict[str, Any]]:
    """Return all containers of the project. Compose prints one JSON object per line, or one array before 2.21."""
    text = _output("ps", "--all", "--format", "json").strip()
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]


def _logs(service: str, lines: int) -> str:
    return _output("logs", "--no-log-prefix", "--no-color", "--tail", str(lines), service).strip()


def _output(*words: str) -> str:
    done = subprocess.run([*COMPOSE, *words], capture_output=True, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
