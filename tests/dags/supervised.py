"""Runs one task under Airflow's own supervisor: ``supervised.py DAG_FILE DAG_ID TASK_ID RUN_ID``.

A transport answers in place of Airflow's API server. Heartbeats fail as soon as the file ``$HEARTBEATS_FAIL`` exists.
The last line of the output is the exit code of the task's process.
"""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
from airflow.executors.workloads import BundleInfo
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.sdk.api.client import Client
from airflow.sdk.execution_time.supervisor import supervise_task

DAY = "2026-11-28T00:00:00Z"


def context(dag_id: str, run_id: str) -> dict[str, Any]:
    """Return the answer of the API server when a task starts."""
    run = {"dag_id": dag_id, "run_id": run_id, "logical_date": DAY, "run_after": DAY, "start_date": DAY}
    more = {"run_type": "manual", "state": "running", "consumed_asset_events": [], "partition_key": None}
    return {
        "dag_run": {**run, **more, "data_interval_start": DAY, "data_interval_end": DAY, "end_date": None},
        "max_tries": 3,
        "should_retry": True,
    }


def main() -> None:
    file, dag_id, task_id, run_id = sys.argv[1:]
    switch = Path(os.environ["HEARTBEATS_FAIL"])

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/heartbeat") and switch.exists():
            raise httpx.ConnectError("no route to the API server")
        if path.endswith("/run"):
            return httpx.Response(200, json=context(dag_id, run_id))
        if "/variables/" in path or "/connections/" in path or ("/xcoms/" in path and request.method == "GET"):
            return httpx.Response(404, json={"detail": {"reason": "not_found", "message": "not found"}})
        return httpx.Response(200, json={})

    client = Client(base_url=None, dry_run=True, token="", transport=httpx.MockTransport(answer))
    ti = TaskInstanceDTO(
        id=uuid.uuid4(), dag_version_id=uuid.uuid4(), dag_id=dag_id, task_id=task_id, run_id=run_id,
        try_number=1, pool_slots=1, priority_weight=1,
    )  # fmt: skip
    code = supervise_task(
        ti=ti,
        bundle_info=BundleInfo(name="dags-folder"),
        dag_rel_path=Path(file).name,
        token="",
        client=client,
        subprocess_logs_to_stdout=True,
    )
    print(code)


if __name__ == "__main__":
    main()
