"""The DAGs of the feeds in a real Airflow, their Glue runs on a local AWS, the ledger in a real PostgreSQL."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from estrela.ledger.claims import Claims
from estrela.model.feeds import feeds

DAG_FILE = Path(__file__).parents[2] / "dags" / "feeds.py"
HEAVY = {"pyspark", "boto3", "botocore", "psycopg", "pandas", "pyarrow"}
HEADER = "settlement_id,settled_on,merchant,card_number,amount,installments,disputed\n"
GOOD = "1,2026-11-01,Padaria,4111111111111234,12.50,1,false\n"
PARSE = """
    import importlib.util, json, sys
    from airflow.sdk import DAG
    import airflow.providers.standard.operators.python, airflow.providers.standard.sensors.python
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("dag_file", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dags = {name: found for name, found in vars(module).items() if isinstance(found, DAG)}
    print(json.dumps({
        "imports": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
        "dags": {name: {
            "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
            "mode": [getattr(task, "mode", "") for task in dag.tasks if hasattr(task, "mode")],
            "settings": [dag.dag_id, dag.schedule, dag.catchup, dag.max_active_runs, sorted(dag.tags)],
        } for name, dag in dags.items()},
    }))
"""
RUN = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import feeds
    run = feeds.feed_card_settlements.test()
    print(json.dumps({"state": run.state, **{ti.task_id: ti.state for ti in run.get_task_instances()}}))
"""
CALL = """
    import json, sys
    import airflow.providers.standard.operators.python
    from estrela.airflow import feed_tasks
    given = json.loads(sys.argv[2])
    print(json.dumps(getattr(feed_tasks, sys.argv[1])(**given)))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))}
    command = [sys.executable, "-c", textwrap.dedent(PARSE), str(DAG_FILE)]
    output = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def test_the_file_parses_without_the_libraries_that_its_tasks_need(parsed: dict[str, Any]) -> None:
    assert HEAVY.isdisjoint(parsed["imports"])


def test_there_is_one_dag_per_feed_that_runs_by_itself_one_at_a_time(parsed: dict[str, Any]) -> None:
    assert {name: dag["settings"] for name, dag in parsed["dags"].items()} == {
        f"feed_{name}": [f"feed_{name}", "@continuous", False, 1, sorted(["estrela", "warehouse", name])]
        for name in feeds()
    }


def test_the_tasks_follow_the_life_of_a_file(parsed: dict[str, Any]) -> None:
    assert parsed["dags"]["feed_branches"]["tasks"] == {
        "wait_for_file": [],
        "choose_files": ["wait_for_file"],
        "create_table": ["choose_files"],
        "load": ["create_table"],
        "log": ["create_table", "load"],
        "archive": ["load", "log"],
        "done": ["archive", "load", "log"],
    }
    assert parsed["dags"]["feed_branches"]["mode"] == ["reschedule"]


@pytest.mark.slow
@pytest.mark.long
def test_good_files_are_loaded_and_a_bad_one_fails_the_run(warehouse: Any, answer_of: Any) -> None:
    warehouse.put("card_settlements/visa_2026-11-01.csv.gz", gzip.compress((HEADER + GOOD).encode()))
    found = answer_of(warehouse.platform.python(RUN, str(DAG_FILE.parent)))
    assert set(found.values()) == {"success"}
    phases = [run["Arguments"]["--phase"] for run in warehouse.platform.runs()]
    assert phases == ["load", "archive"]

    warehouse.put("card_settlements/visa_2026-11-02.csv.gz", b"not gzip")
    warehouse.put("card_settlements/visa_2026-11-03.csv.gz", gzip.compress((HEADER + "2" + GOOD[1:]).encode()))
    found = answer_of(warehouse.platform.python(RUN, str(DAG_FILE.parent)))
    assert {name: state for name, state in found.items() if state != "success"} == {
        "state": "failed",
        "load": "failed",
        "done": "upstream_failed",
    }
    assert warehouse.states() == {
        "card_settlements/visa_2026-11-01.csv.gz": "Done",
        "card_settlements/visa_2026-11-02.csv.gz": "Fail",
        "card_settlements/visa_2026-11-03.csv.gz": "Done",
    }
    assert warehouse.database.query("SELECT count(*) AS rows FROM warehouse.card_settlements") == [{"rows": 2}]
    waiting = warehouse.database.query("SELECT key FROM ledger.files WHERE archived_at IS NULL")
    assert waiting == [{"key": "card_settlements/visa_2026-11-02.csv.gz"}]


def given(warehouse: Any, **changes: str) -> dict[str, Any]:
    places = {"aws_conn_id": "aws_default", "pii_secret": "", **warehouse.platform.variables}
    return {"feed": "branches", "warehouse": places | changes}


def test_the_sensor_asks_the_ledger(warehouse: Any, answer_of: Any) -> None:
    asked = json.dumps(given(warehouse))
    assert answer_of(warehouse.platform.python(CALL, "has_file", asked)) is False
    warehouse.put("branches/branches_20261101T000000.zip", b"x")
    assert answer_of(warehouse.platform.python(CALL, "has_file", asked)) is True
    warehouse.put("branches/branches_20261102T000000.zip", b"y")
    chosen = json.dumps(given(warehouse) | {"run_id": "day-1"})
    assert answer_of(warehouse.platform.python(CALL, "choose_files", chosen)) == {"given_back": 0, "filtered_out": 1}
    assert warehouse.states()["branches/branches_20261101T000000.zip"] == "Filtered Out"


def test_a_variable_that_is_missing_is_named(warehouse: Any, answer_of: Any) -> None:
    process = warehouse.platform.python(CALL, "has_file", json.dumps(given(warehouse, landing="")))
    output, _ = process.communicate(timeout=600)
    assert output.splitlines()[-1] == (
        "airflow.sdk.exceptions.AirflowFailException: Airflow Variable estrela_landing: is missing; docs/ledger.md "
        "says what it holds"
    )


GIVE_UP = """
    import json, types
    import airflow.providers.standard.operators.python
    from estrela.airflow import feed_tasks
    ti = types.SimpleNamespace(dag_id="feed_branches", run_id="day-1", task_id="load")
    feed_tasks.fail_files({"ti": ti})
    print(json.dumps("called"))
"""


def test_a_load_that_fails_for_good_sets_its_files_to_fail(warehouse: Any, answer_of: Any) -> None:
    keys = [f"branches/branches_2026110{day}T000000.zip" for day in (1, 2)]
    claims = Claims(warehouse.database)
    for key, run in zip(keys, ("another/day-1/load", "feed_branches/day-1/load"), strict=True):
        warehouse.put(key, b"x")
        warehouse.database.query("UPDATE ledger.files SET feed = 'apart' WHERE key <> :key", {"key": key})
        assert claims.claim(feeds()["branches"], run) is not None
    assert answer_of(warehouse.platform.python(GIVE_UP)) == "called"
    assert warehouse.states() == {keys[0]: "In Progress", keys[1]: "Fail"}
    reasons = "SELECT reason FROM ledger.files WHERE state = 'Fail'"
    assert warehouse.database.query(reasons) == [{"reason": "task load of day-1 failed for good"}]


ANOTHER_FEED = """
    import json, sys
    import estrela.feeds
    sys.path.insert(0, sys.argv[1])
    estrela.feeds.__path__.append(sys.argv[2])
    import feeds, warehouse
    dag = feeds.feed_rates
    groups = {task.task_id.partition(".")[0] for task in warehouse.warehouse.tasks}
    print(json.dumps([dag.dag_id, dag.description, len(dag.tasks), sorted(groups)]))
"""


def test_a_feed_is_added_by_its_declaration_alone(tmp_path: Path) -> None:
    """The feed of the README, which nothing of the platform names."""
    readme = (DAG_FILE.parents[1] / "README.md").read_text().partition("## How to add a feed")[2]
    package = tmp_path / "treasury"
    package.mkdir()
    (package / "__init__.py").write_text('"""Files of the treasury."""\n')
    (package / "rates.py").write_text(readme.partition("```python\n")[2].partition("```")[0])
    env = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow")}
    command = [sys.executable, "-c", textwrap.dedent(ANOTHER_FEED), str(DAG_FILE.parent), str(tmp_path)]
    output = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    dag_id, doc, tasks, groups = json.loads(output.splitlines()[-1])
    assert (dag_id, tasks) == ("feed_rates", 7)
    assert doc == "Exchange rates, one file per day; a day sent again replaces its rows"
    assert groups == sorted([*feeds(), "rates"])
