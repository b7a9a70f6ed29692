"""The DAG of the warehouse in a real Airflow: a source that is down fails alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

from estrela.model.feeds import feeds

DAGS = Path(__file__).parents[2] / "dags"
PARSE = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    before = set(sys.modules)
    from warehouse import warehouse
    print(json.dumps({
        "heavy": sorted({"pyspark", "boto3", "psycopg"} & (set(sys.modules) - before)),
        "settings": [warehouse.dag_id, warehouse.schedule, warehouse.catchup, warehouse.max_active_runs],
        "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in warehouse.tasks},
    }))
"""
RUN = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    from warehouse import warehouse
    names = [task.task_id for task in warehouse.tasks if task.task_id.startswith(("branches.", "exchange_rates."))]
    partial = warehouse.partial_subset(names)
    for task in partial.tasks:
        task.retries = 0
    run = partial.test()
    print(json.dumps({"state": run.state, **{ti.task_id: ti.state for ti in run.get_task_instances()}}))
"""


def test_every_feed_has_a_group_of_its_own(tmp_path: Path) -> None:
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    command = [sys.executable, "-c", textwrap.dedent(PARSE), str(DAGS)]
    output = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    found = json.loads(output.splitlines()[-1])
    assert found["heavy"] == []
    assert found["settings"] == ["warehouse", "@daily", False, 1]
    assert {task.partition(".")[0] for task in found["tasks"]} == set(feeds())
    assert {name: after for name, after in found["tasks"].items() if name.startswith("customers.")} == {
        "customers.extract_data": [],
        "customers.transform_data": ["customers.extract_data"],
        "customers.load_data": ["customers.transform_data"],
        "customers.reconcile_keys": ["customers.load_data"],
        "customers.archive_files": ["customers.load_data"],
        "customers.done": [
            "customers.archive_files", "customers.extract_data", "customers.load_data", "customers.reconcile_keys",
            "customers.transform_data",
        ],
    }  # fmt: skip
    for name, after in found["tasks"].items():
        assert {one.partition(".")[0] for one in after} <= {name.partition(".")[0]}, "no feed waits for another"


@pytest.mark.slow
def test_a_source_that_is_down_fails_alone(warehouse: Any, answer_of: Any) -> None:
    secret = {"host": "127.0.0.1", "port": 1, "username": "estrela", "password": "x"}
    warehouse.platform.aws.client("secretsmanager").create_secret(
        Name="estrela/ftps/backoffice", SecretString=json.dumps(secret)
    )
    rates = b"Banco\nRates\nData;Moeda;Taxa\n01/11/2026;USD;5,4321\n"
    warehouse.put("exchange_rates/rates_20261101.csv", rates)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        branches = [{"code": 7, "name": "Centro", "city": None, "opened": None}]
        archive.writestr("branches.json", json.dumps({"branches": branches}))
    warehouse.put("branches/branches_20261101T000000.zip", packed.getvalue())
    found = answer_of(warehouse.platform.python(RUN, str(DAGS)))
    assert {name: state for name, state in found.items() if state != "success"} == {
        "state": "failed",
        "exchange_rates.extract_data": "failed",
        "exchange_rates.done": "upstream_failed",
    }
    assert set(warehouse.states().values()) == {"Done"}, "what came before is loaded all the same"
