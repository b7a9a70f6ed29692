"""A Docker engine for tests: the machine's own, else one that the tool ``docker-up`` starts and the test stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def docker_engine(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of an engine with Compose v2; skip with a reason if none was requested or none exists."""
    if os.environ.get("ESTRELA_COMPOSE") != "1":
        pytest.skip("NOT RUN: it takes Docker and many minutes; run: make test-compose")
    environ = dict(os.environ)
    if _answers(environ):
        yield environ
        return
    tool = Path(os.environ.get("ESTRELA_SHARED") or ROOT.parent / "shared") / "tools" / "docker-up"
    if not tool.is_file():
        pytest.skip(f"NO DOCKER: no engine with Compose v2 answers, and there is no {tool} to start one")
    said = subprocess.run([str(tool), str(folder)], stdout=subprocess.PIPE, text=True, check=True, timeout=900).stdout
    try:
        yield environ | dict(word.split("=", 1) for word in said.split() if "=" in word)
    finally:
        _end(int((folder / "dockerd.pid").read_text()))
        shutil.rmtree(folder, ignore_errors=True)


def _answers(environ: dict[str, str]) -> bool:
    answered = [
        subprocess.run(["docker", *words], env=environ, capture_output=True, check=False).returncode == 0
        for words in (["info"], ["compose", "version"])
        if shutil.which("docker")
    ]
    return answered == [True, True]


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
