"""``python -m demo.first_run``: wait until a run of the DAG of the star ``STAR`` (default: banking) has succeeded.

Airflow is at ``AIRFLOW_URL``; its admin's password is ``AIRFLOW_ADMIN_PASSWORD``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from demo.airflow import Airflow, AirflowError, token
from estrela.model.plan import dag_id

DEADLINE_SECONDS = 3600.0
PAUSE_SECONDS = 2.0


def main(environ: Mapping[str, str]) -> int:
    """Return 0 once a run has succeeded; print one line and return 1 if none can."""
    url, dag = environ["AIRFLOW_URL"], dag_id(environ.get("STAR", "banking"))
    try:
        flow = Airflow(url, Path(), token(url, "its log", environ["AIRFLOW_ADMIN_PASSWORD"]))
        flow.wait_for_dag(dag)
        print(f"run {wait_for_success(dag, lambda: flow.states(dag))} of {dag} succeeded")
    except AirflowError as error:
        print(f"first run: {error}", file=sys.stderr)
        return 1
    return 0


def wait_for_success(
    dag: str, states: Callable[[], Mapping[str, str]], sleep: Callable[[float], None] = time.sleep
) -> str:
    """Return the id of a successful run. Raises AirflowError if all have failed, or none succeeds within an hour."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        runs = states()
        succeeded = [run_id for run_id, state in runs.items() if state == "success"]
        if succeeded:
            return succeeded[0]
        if runs and set(runs.values()) == {"failed"}:
            raise AirflowError(f"{', '.join(runs)} of {dag} failed; Airflow's pages show the failed task and its log")
        sleep(PAUSE_SECONDS)
    raise AirflowError(f"no run of {dag} succeeded within {DEADLINE_SECONDS:.0f} s")


if __name__ == "__main__":
    sys.exit(main(os.environ))
