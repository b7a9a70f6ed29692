"""The DAG file of maintenance in a real Airflow, its Glue run on a local AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estrela.model.star import star_names

DAG_FILE = Path(__file__).parents[2] / "dags" / "maintenance.py"
RUN = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import maintenance
    maintenance.maintain_banking.deadline = None  # Airflow's dag.test fails on one: apache/airflow issue 73428
    print(json.dumps([maintenance.maintain_banking.test(run_conf=json.loads(conf)).state for conf in sys.argv[2:]]))
"""


def test_every_star_is_maintained_weekly_by_a_dag_of_its_own(parse: Any) -> None:
    dags = parse(DAG_FILE)["dags"]
    assert {dag_id: dag["name"] for dag_id, dag in dags.items()} == {
        f"maintain_{name}": f"maintain_{name}" for name in star_names()
    }
    for name in star_names():
        dag = dags[f"maintain_{name}"]
        assert dag["tasks"] == {"maintain": []}
        assert (dag["schedule"], dag["retries"]) == ("@weekly", {"maintain": 3})
        assert dag["settings"] == [False, 1, sorted(["estrela", "glue", name])]
        assert dag["params"] == {"dry_run": {"type": "boolean"}}
        assert dag["outlets"] == {"maintain": [f"x-estrela://{name}/maintenance"]}


@pytest.mark.slow
def test_maintenance_is_one_glue_run_that_may_be_told_to_count_only(platform: Any, answer_of: Any) -> None:
    assert answer_of(platform.python(RUN, str(DAG_FILE.parent), "{}", '{"dry_run": true}')) == ["success", "success"]
    weekly, counted = [run["Arguments"] for run in platform.runs()]
    for arguments in (weekly, counted):
        assert arguments.pop("--run_key").startswith("maintain_banking/manual__")
    expected = {"--star": "banking", "--entity": "banking", "--phase": "maintain", "--lake": platform.lake}
    assert (weekly, counted) == (expected, {**expected, "--dry_run": "true"})
