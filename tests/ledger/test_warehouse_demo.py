"""``make warehouse``: run twice on the same state, every file is accounted for and no row is lost or doubled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.long
def test_two_runs_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "estrela"
    for name in ("packages", "glue", "dags", "lambdas", "metabase"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)
    path = os.pathsep.join([str(copy / "packages"), str(copy)])
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "demo.warehouse"], cwd=copy, env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "day 1: " in done.stdout
        assert "it is not a sound gzip file" in done.stdout, "the damaged file failed"
        assert "Every file is accounted for; no row is lost, none is doubled." in done.stdout
