"""deploy.sh in a separate repository, with stand-ins for its tools that record their calls."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SYSTEM = ("bash", "cat", "dirname", "mkdir", "mv", "rm", "sleep", "tr")
TOOLS = ("terraform", "aws", "git", "make", "docker", "tar")
ACCOUNT = "123456789012"
STUB = """#!/bin/bash
echo "{name} $*" >> "$CALLS"
case "{name} $*" in
  *get-caller-identity*)
    [ "${{AWS_ACCESS_KEY_ID:-}}" = wrong ] && exit 255
    [ -n "${{AWS_ACCESS_KEY_ID:-}}${{AWS_PROFILE:-}}" ] && echo 123456789012 || exit 253 ;;
  *head-bucket*) exit "${{NO_STATE_BUCKET:-0}}" ;;
  *get-bucket-policy*) exit "${{NO_STATE_POLICY:-${{NO_STATE_BUCKET:-0}}}}" ;;
  *"rev-parse HEAD"*) echo 0123456789abcdef0123456789abcdef01234567 ;;
  *"status --porcelain"*) printf '%s' "${{UNCOMMITTED:-}}" ;;
  *describe-repositories*) exit "${{NO_REGISTRY:-0}}" ;;
  *describe-images*) exit "${{NO_IMAGE:-0}}" ;;
  *list-secrets*) printf '%s' "${{EMPTY_SECRETS:-}}" ;;
  *get-random-password*) echo r4nd0m ;;
  *put-secret-value*) echo "value $(cat)" >> "$CALLS" ;;
  *run-task*) echo arn:task ;;
  *describe-tasks*) echo "${{TASK_STATUS:-0}}" ;;
  *describe-services*) printf '%s' "${{GIVEN_UP:-}}" ;;
  *services-stable*) exit "${{UNSTABLE:-0}}" ;;
  tar*) mkdir -p "${{@: -1}}/dags" "${{@: -1}}/packages/estrela" ;;
  *"lambda invoke"*) echo told >"${{@: -1}}"; echo "${{FUNCTION_ERROR:-None}}" ;;
  *"output -raw "*) echo "${{@: -1}}-of-the-state" ;;
  *" plan "*) exit "${{PLAN_STATUS:-0}}" ;;
  *" apply "*) [ -z "${{APPLY_WAITS:-}}" ] || {{ trap 'exit 1' INT; echo waits >> "$CALLS"; sleep 20 & wait; }}
    exit "${{APPLY_STATUS:-0}}" ;;
esac
"""


@dataclass
class Deployment:
    """A copy of the script in a separate repository; ``env`` is the whole environment of the script."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, shell: str = "", typed: str | None = None, **env: str) -> tuple[int, str]:
        """Return status and output of the script; ``typed`` is its input as on a terminal."""
        command = ["bash", "-c", shell] if shell else ["bash", str(self.folder / "deploy.sh"), *arguments]
        ours, theirs = pty.openpty() if typed is not None else (-1, -1)
        stdin = subprocess.DEVNULL if typed is None else theirs
        process = subprocess.Popen(
            command, stdin=stdin, env=self.env | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if typed is not None:
            os.write(ours, typed.encode())
        words, _ = process.communicate(timeout=60)
        for end in (ours, theirs):
            if end >= 0:
                os.close(end)
        return process.returncode, words

    @property
    def calls(self) -> list[str]:
        path = Path(self.env["CALLS"])
        return path.read_text().splitlines() if path.exists() else []

    def has_called(self, words: str) -> bool:
        return any(words in call for call in self.calls)

    @property
    def changes(self) -> list[str]:
        """Calls that change something."""
        reads = ("get-caller-identity", "head-bucket", "get-bucket-policy", "rev-parse", "status --porcelain")
        return [call for call in self.calls if not any(read in call for read in reads)]


def deployment_in(tmp_path: Path) -> Deployment:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in SYSTEM:
        (tools / name).symlink_to(str(shutil.which(name)))
    for name in TOOLS:
        (tools / name).write_text(STUB.format(name=name))
        (tools / name).chmod(0o755)
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "terraform" / "environments", folder / "terraform" / "environments")
    shutil.copytree(ROOT / "terraform" / "deploy", folder / "terraform" / "deploy")
    for name in ("deploy.sh", "docker-compose.yml"):
        shutil.copy(ROOT / name, folder)
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret"}
    return Deployment(folder, {"PATH": str(tools), "CALLS": str(tmp_path / "calls"), "HOME": str(tmp_path), **keys})


def without_keys(deployment: Deployment) -> Deployment:
    kept = {name: value for name, value in deployment.env.items() if not name.startswith("AWS_")}
    return Deployment(deployment.folder, kept)
