"""``make warehouse``, run twice on the same state: every file is accounted for, no row is lost or duplicated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.long
def test_two_runs_lose_nothing_and_double_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="estrela-warehouse-") as folder:
        run_twice(Path(folder))


def run_twice(copy: Path) -> None:
    for name in ("packages", "glue", "dags", "lambdas", "metabase"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)
    path = os.pathsep.join([str(copy / "packages"), str(copy)])
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "demo.warehouse"], cwd=copy, env={**os.environ, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip
        server = (copy / ".demo" / "warehouse" / "postgres" / "postgres.log").read_text(errors="replace")
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\nPostgreSQL: {server[-2000:]}"
        assert "day 1: " in done.stdout
        assert "it is not a valid gzip file" in done.stdout, "the damaged file failed"
        assert "Every file is accounted for; no row is lost or loaded twice." in done.stdout
        page = copy / ".demo" / "warehouse" / "warehouse.html"
        assert f"The dashboard of the files and the warehouse: {page}" in done.stdout
        assert "Files and warehouse" in page.read_text(encoding="utf-8")
