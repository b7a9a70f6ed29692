"""The environment of each client: exactly the versions in its ``requirements`` file, created once by uv and reused."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".cache" / "clients"
SECONDS = 900.0


class NoEnvironmentError(Exception):
    """An environment could not be created; the message is uv's own."""


@dataclass(frozen=True)
class Environment:
    """The folder of an environment's programs."""

    programs: Path

    def run(self, *command: str, folder: Path, variables: dict[str, str], seconds: float = SECONDS) -> str:
        """Run a program for at most ``seconds`` and return its output.

        Its home is ``folder``: it reads none of the user's own files.
        """
        program, *arguments = command
        own = {"PATH": f"{self.programs}:{os.environ['PATH']}", "HOME": str(folder)}
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=folder,
            env=own | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-8000:]}"
        return done.stdout


def environment(name: str) -> Environment:
    """Return the environment of a client, created if it does not exist. Raises NoEnvironmentError, as
    without network.
    """
    requirements = HERE / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = KEPT / f"{name}-{digest[:12]}"
    ready = folder / "ready"
    if not ready.exists():
        _uv("venv", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--python", str(folder / "bin" / "python"), "--requirements", str(requirements))
        ready.touch()
    return Environment(folder / "bin")


def _uv(*arguments: str) -> None:
    done = subprocess.run([uv.find_uv_bin(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEnvironmentError(done.stderr.strip()[-1000:])
