"""The DAG file in a real Airflow, its Glue runs on a local AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estrela.model.plan import EXTRACT, steps

DAG_FILE = Path(__file__).parents[2] / "dags" / "star_schema.py"
HEAVY = {"pyspark", "boto3", "botocore", "requests", "moto", "pandas", "pyarrow"}

STEPS = steps("banking")
EXTRACTS = [step.name for step in STEPS if step.phase == EXTRACT]

PARSE = """
    import importlib.util, json, sys
    from airflow.sdk import DAG, Param
    from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("star_schema", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    dag = module.dag
    print(json.dumps({
        "imports": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
        "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
        "kinds": sorted({base.__name__ for task in dag.tasks for base in type(task).__mro__[:-1]}),
        "retries": sorted({task.retries for task in dag.tasks}),
        "facts": [dag.catchup, dag.max_active_runs, sorted(dag.tags), "### " in dag.doc_md or "star" in dag.doc_md],
    }))
"""

RUN = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import star_schema
    runs = [star_schema.dag.test(run_conf=json.loads(conf)) for conf in sys.argv[2:]]
    print(json.dumps([{ti.task_id: ti.state for ti in run.get_task_instances()} for run in runs]))
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
    assert "estrela" in parsed["imports"]


def test_the_order_comes_from_the_declarations(parsed: dict[str, Any]) -> None:
    declared = {step.name: sorted((*step.after, *step.once_done)) for step in STEPS}
    own = {"transform_banking": sorted([*EXTRACTS, "news"]), "news": sorted(EXTRACTS), "remember": ["publish"]}
    assert parsed["tasks"] == declared | own


def test_the_dag_is_set_up_as_a_daily_job(parsed: dict[str, Any]) -> None:
    assert parsed["facts"] == [False, 1, ["banking", "estrela", "glue"], True]
    assert parsed["retries"] == [3]


@pytest.mark.slow
def test_each_step_is_one_glue_run_and_a_day_without_news_ends_early(platform: Any, answer_of: Any) -> None:
    conf = json.dumps({"quarters": ["2021T4", "2022T1"]})
    first, second = answer_of(platform.python(RUN, str(DAG_FILE.parent), conf, "{}"))
    assert set(first.values()) == {"success"}
    assert {name for name, state in second.items() if state == "success"} == {*EXTRACTS, "news"}
    assert {state for name, state in second.items() if name not in {*EXTRACTS, "news"}} == {"skipped"}
    ran = [run["Arguments"]["--run_key"].rpartition("/")[2] for run in platform.runs()]
    first_day, second_day = ran[: len(STEPS)], ran[len(STEPS) :]
    assert sorted(first_day[:-3]) == sorted(second_day) == sorted(EXTRACTS)
    assert first_day[-3:] == ["transform_banking", "star", "publish"]
    classes = [run["ExecutionClass"] for run in platform.runs()]
    assert classes == [*["FLEX"] * len(EXTRACTS), *["STANDARD"] * 3, *["FLEX"] * len(EXTRACTS)]
    arguments = platform.runs()[ran.index("extract_complaints")]["Arguments"]
    assert arguments.pop("--run_key").startswith("star_schema/manual__")
    assert arguments == {
        "--star": "banking",
        "--entity": "complaints",
        "--phase": "extract",
        "--lake": platform.lake,
        "--params": '{"quarters": ["2021T4", "2022T1"]}',
    }
    check_noted(platform)


def check_noted(platform: Any) -> None:
    """Operations' table tells each Glue run of both days, the one without news included."""
    (listed,) = platform.aws.client("s3").list_objects_v2(Bucket=platform.lake, Prefix="ops/job_runs/")["Contents"]
    body = platform.aws.client("s3").get_object(Bucket=platform.lake, Key=listed["Key"])["Body"].read()
    noted = [json.loads(line) for line in body.splitlines()]
    assert {row["glue_run_id"]: row["step"] for row in noted} == {
        run["Id"]: run["Arguments"]["--run_key"].rpartition("/")[2] for run in platform.runs()
    }
    assert len({row["run_key"] for row in noted}) == 2
    assert {row["state"] for row in noted} == {"SUCCEEDED"}


NEWS = """
    import json, sys, types
    from datetime import UTC, datetime
    from estrela.etl.raw.layer import Arrival, RawLayer
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import star_schema
    lake, job = sys.argv[2:]
    connection = {"aws_conn_id": "aws_default", "lake": lake, "job": job, "workgroups": "primary"}
    ask = lambda refresh=False: star_schema.news(connection, {"full_refresh": refresh})
    first = ask()
    star_schema.remember(connection, types.SimpleNamespace(xcom_pull=lambda task_ids: first))
    after = ask()
    raw = RawLayer(star_schema._client("s3", connection), lake, "raw/banking")
    raw.write("fees", [Arrival({}, 0, "https://bank.test", b"2", datetime.now(UTC))])
    print(json.dumps([first["fees"], after, ask(True)["fees"], ask()["fees"]]))
"""


def test_news_is_what_the_published_tables_were_not_made_from(platform: Any, answer_of: Any) -> None:
    never_published, just_published, full_refresh, new_file = answer_of(
        platform.python(NEWS, str(DAG_FILE.parent), platform.lake, platform.job)
    )
    assert (never_published, just_published, full_refresh, new_file) == (0, {}, 1, 1)


STEP = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import star_schema
    lake, job, host = sys.argv[2:]
    connection = {"aws_conn_id": "aws_default", "job": job, "lake": lake, "poll_seconds": "0.1"}
    arguments = {"--entity": "complaints", "--phase": "extract", "--source_host": host}
    try:
        print(json.dumps(star_schema.run_step(connection, "day-1", arguments, False)))
    except Exception as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def step(platform: Any, host: str = "") -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = platform.python(STEP, str(DAG_FILE.parent), platform.lake, platform.job, host)
    return process


def test_a_failure_that_no_retry_can_help_says_so_in_glues_words(platform: Any, answer_of: Any) -> None:
    kind, text = answer_of(step(platform, host="http://gone"))
    (run,) = platform.runs()
    assert kind == "AirflowFailException"
    assert f"Glue job {platform.job}, run {run['Id']}, is FAILED: " in text
    assert "StepError: SourceRejectedError: complaints: HTTP 410; log: " in text
    assert f"log: {platform.aws.endpoint} (log group /aws-glue/python-jobs/error, stream {run['Id']})" in text


def test_a_missing_variable_is_named(platform: Any, answer_of: Any) -> None:
    assert answer_of(step(replace(platform, lake=""))) == [
        "AirflowFailException",
        "Airflow Variable estrela_lake is missing; set it to the name of the lake's bucket",
    ]


def eventually(check: Callable[[], Any], seconds: float = 150) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
    return found


def in_state(platform: Any, *states: str) -> list[dict[str, Any]]:
    return [run for run in platform.runs() if run["JobRunState"] in states]


@pytest.mark.slow
def test_a_task_that_was_killed_hard_is_attached_to_by_its_retry(platform: Any, answer_of: Any) -> None:
    first = step(platform, "http://slow")
    (run,) = eventually(lambda: in_state(platform, "RUNNING"))
    first.kill()
    first.wait()
    retry = step(platform, "http://slow")
    assert retry.stdout
    assert f"run {run['Id']}, key day-1" in next(line for line in retry.stdout if line.startswith("Glue job"))
    platform.aws.client("glue").batch_stop_job_run(JobName=platform.job, JobRunIds=[run["Id"]])
    kind, text = answer_of(retry)
    assert (kind, len(platform.runs())) == ("JobError", 1)
    assert f"run {run['Id']}, is STOPPED" in text


@pytest.mark.slow
def test_a_task_that_is_stopped_stops_its_glue_run(platform: Any) -> None:
    slow = replace(platform, variables={"source_host": "http://slow"})
    process = slow.python(RUN, str(DAG_FILE.parent), "{}")
    eventually(lambda: in_state(platform, "RUNNING"))
    process.send_signal(signal.SIGTERM)
    (stopped,) = eventually(lambda: in_state(platform, "STOPPED"))
    process.kill()
    process.communicate()
    assert stopped["Arguments"]["--run_key"].rpartition("/")[2] in EXTRACTS
