"""What is easily written twice is in one module: calls of Glue and Athena, their states, digests of code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MODULES = [
    path
    for folder in ("packages", "metabase", "lambdas", "glue", "dags")
    for path in (PROJECT / folder).rglob("*.py")
    if "localaws" not in path.parts
]
HOOKS = "packages/estrela/hooks"
PLACES = {
    r"[.\"]get_job_runs\b": {f"{HOOKS}/glue_runs.py"},
    r"[.\"]start_job_run\b": {f"{HOOKS}/glue_jobs.py"},
    r"[.\"]get_job_run\b": {f"{HOOKS}/glue_jobs.py"},
    r"\"(STOPPING|EXPIRED|TIMEOUT)\"": {f"{HOOKS}/glue_runs.py"},
    r"[.\"](start|get|stop)_query_execution\b": {f"{HOOKS}/athena.py"},
    r"\"QUEUED\"": {f"{HOOKS}/athena.py"},
    r"\bast\.dump\b": {"packages/estrela/etl/releases/digests.py"},
    r"\"--run_key\"": {f"{HOOKS}/glue_runs.py"},
}


@pytest.mark.parametrize("pattern", PLACES)
def test_it_is_in_one_module(pattern: str) -> None:
    places = {str(path.relative_to(PROJECT)) for path in MODULES if re.search(pattern, path.read_text())}
    assert places == PLACES[pattern]
