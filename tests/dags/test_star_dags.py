"""The DAG file of a star in a real Airflow, with Glue runs on a local AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estrela.airflow.connection import TEMPLATES
from estrela.model.plan import EXTRACT, steps
from estrela.model.star import load, star_names

DAG_FILE = Path(__file__).parents[2] / "dags" / "stars.py"
HEAVY = {"pyspark", "boto3", "botocore", "requests", "moto", "pandas", "pyarrow"}

STEPS = steps("banking")
EXTRACTS = [step.name for step in STEPS if step.phase == EXTRACT]
GLUE_STEPS = [step.name for step in STEPS]

RUN = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import stars
    stars.star_banking.deadline = None  # Airflow's dag.test fails on one: apache/airflow issue 73428
    runs = [stars.star_banking.test(run_conf=json.loads(conf)) for conf in sys.argv[2:]]
    print(json.dumps([
        {"state": run.state, **{ti.task_id: ti.state for ti in run.get_task_instances()}} for run in runs
    ]))
"""


@pytest.fixture(scope="module")
def parsed(parse: Any) -> dict[str, Any]:
    parsed_file: dict[str, Any] = parse(DAG_FILE)
    return parsed_file


@pytest.fixture(scope="module")
def dag(parsed: dict[str, Any]) -> dict[str, Any]:
    banking_dag: dict[str, Any] = parsed["dags"]["star_banking"]
    return banking_dag


def test_the_file_parses_without_the_libraries_that_its_tasks_need(parsed: dict[str, Any]) -> None:
    assert HEAVY.isdisjoint(parsed["imports"])
    assert "estrela" in parsed["imports"]


def test_there_is_one_dag_per_star(parsed: dict[str, Any]) -> None:
    assert {dag_id: details["name"] for dag_id, details in parsed["dags"].items()} == {
        f"star_{name}": f"star_{name}" for name in star_names()
    }
    for name in star_names():
        star_dag, star = parsed["dags"][f"star_{name}"], load(name)
        assert {step.name for step in steps(name)} < set(star_dag["tasks"])
        assert star_dag["settings"] == [False, 1, sorted(["estrela", "glue", name])]
        assert star_dag["doc"].startswith(star.doc)
        assert star_dag["description"] == star.doc.splitlines()[0]
        assert set(star_dag["params"]) == {"full_refresh", *(parameter.name for parameter in star.run_parameters)}


def test_the_order_comes_from_the_declarations(dag: dict[str, Any]) -> None:
    assert dag["tasks"] == {
        **{step.name: sorted((*step.after, *step.once_done)) for step in STEPS},
        "transform_banking": ["news"],
        "news": sorted(EXTRACTS),
        "extracted": sorted(EXTRACTS),
        "telemetry": sorted([*EXTRACTS, "publish"]),
    }


def test_only_what_follows_an_extract_does_not_need_its_success(dag: dict[str, Any]) -> None:
    soft = {task for task, rule in dag["rules"].items() if rule == "all_done"}
    assert soft == {"news", *(step.name for step in STEPS if step.phase == EXTRACT and step.once_done)}
    assert dag["rules"]["telemetry"] == "all_done_setup_success"
    assert {retries for task, retries in dag["retries"].items() if task != "telemetry"} == {3}


def test_the_form_takes_what_the_job_takes(dag: dict[str, Any]) -> None:
    assert dag["params"]["quarters"] == {
        "type": "array",
        "items": {"type": "string"},
    }


def test_every_task_says_what_it_does(dag: dict[str, Any]) -> None:
    names = {task: name for task, (name, _) in dag["texts"].items()}
    assert names == {
        "extract_complaints": "Extract complaints",
        "extract_fees": "Extract fees",
        "extract_institutions": "Extract institutions",
        "news": "Anything new?",
        "extracted": "All sources answered",
        "transform_banking": "Transform every source",
        "star": "Build the star and check it",
        "publish": "Publish a release",
        "telemetry": "Record cost and duration",
    }
    assert [task for task, (_, doc) in dag["texts"].items() if not doc or len(doc) < 60] == []
    assert dag["outlets"] == {"publish": ["x-estrela://banking/release"]}


def test_the_doc_names_every_variable(dag: dict[str, Any]) -> None:
    read = {f"estrela_{name}" for name in TEMPLATES} | {"estrela_alert_topic", "estrela_source_host"}
    assert {name for name in read if f"`{name}`" not in dag["doc"]} == set()


@pytest.mark.slow
def test_each_step_is_one_glue_run_and_a_day_without_news_ends_early(platform: Any, answer_of: Any) -> None:
    conf = json.dumps({"quarters": ["2021T4", "2022T1"]})
    first, second = answer_of(platform.python(RUN, str(DAG_FILE.parent), conf, '{"quarters": []}'))
    assert set(first.values()) == {"success"}
    ended = {"state", *EXTRACTS, "news", "extracted", "telemetry"}
    assert {name for name, state in second.items() if state == "success"} == ended
    assert {state for name, state in second.items() if name not in ended} == {"skipped"}
    ran = [run["Arguments"]["--run_key"].rpartition("/")[2] for run in platform.runs()]
    first_day, second_day = ran[: len(STEPS)], ran[len(STEPS) :]
    assert sorted(first_day[:-3]) == sorted(second_day) == sorted(EXTRACTS)
    assert first_day[-3:] == ["transform_banking", "star", "publish"]
    classes = [run["ExecutionClass"] for run in platform.runs()]
    assert classes == [*["FLEX"] * len(EXTRACTS), *["STANDARD"] * 3, *["FLEX"] * len(EXTRACTS)]
    arguments = platform.runs()[ran.index("extract_complaints")]["Arguments"]
    assert arguments.pop("--run_key").startswith("star_banking/manual__")
    assert arguments == {
        "--star": "banking",
        "--entity": "complaints",
        "--phase": "extract",
        "--lake": platform.lake,
        "--params": '{"quarters": ["2021T4", "2022T1"]}',
    }
    later = platform.runs()[len(STEPS) + second_day.index("extract_complaints")]["Arguments"]
    assert "--params" not in later
    assert_recorded(platform)


def recorded_runs(platform: Any) -> list[dict[str, Any]]:
    (listed,) = platform.aws.client("s3").list_objects_v2(Bucket=platform.lake, Prefix="ops/job_runs/")["Contents"]
    body = platform.aws.client("s3").get_object(Bucket=platform.lake, Key=listed["Key"])["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def recorded_steps(platform: Any) -> dict[str, str]:
    return {row["step"]: row["state"] for row in recorded_runs(platform)}


def assert_recorded(platform: Any) -> None:
    """Check that the operations table contains every Glue run of both days."""
    recorded = recorded_runs(platform)
    assert {row["glue_run_id"]: row["step"] for row in recorded} == {
        run["Id"]: run["Arguments"]["--run_key"].rpartition("/")[2] for run in platform.runs()
    }
    assert len({row["run_key"] for row in recorded}) == 2
    assert {row["state"] for row in recorded} == {"SUCCEEDED"}


@pytest.mark.slow
@pytest.mark.long
def test_an_extract_that_fails_stops_nothing_and_somebody_hears_of_it(platform: Any, answer_of: Any) -> None:
    sns, sqs = platform.aws.client("sns"), platform.aws.client("sqs")
    topic = sns.create_topic(Name=f"{platform.job}-alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"{platform.job}-alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    failing = replace(
        platform,
        variables={"source_host": "http://complaints", "alert_topic": topic, "athena_workgroups": "no-such-group"},
    )
    (run,) = answer_of(failing.python(RUN, str(DAG_FILE.parent), "{}"))
    failed = {name: state for name, state in run.items() if state != "success"}
    assert failed == {"state": "failed", "extract_complaints": "failed", "extracted": "upstream_failed"}
    assert recorded_steps(failing)["extract_complaints"] == "FAILED"
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"].startswith("star_banking.extract_complaints failed in run manual__")
    assert "StepError: SourceRejectedError: complaints: HTTP 410; log: " in message["Body"]


ANOTHER_STAR = """
    import json, sys
    from pathlib import Path
    import estrela.stars
    from airflow.sdk import DAG
    from estrela.settings import settings_from
    sys.path.insert(0, sys.argv[1])
    estrela.stars.__path__.append(sys.argv[2])
    import stars
    dag = stars.star_shops
    argv = "--star shops --entity sales --phase extract --lake lake --run_key k".split()
    print(json.dumps({
        "dags": sorted(found.dag_id for found in vars(stars).values() if isinstance(found, DAG)),
        "tasks": [task.task_id for task in dag.topological_sort()],
        "params": sorted(dag.params),
        "doc": dag.doc_md.partition(".")[0],
        "settings": dict(settings_from([*argv, "--params", '{"months": ["2026-11"]}']).parameters),
    }))
"""


def test_a_star_is_added_by_declarations_alone(tmp_path: Path, script: Any) -> None:
    """The star of the README, whose package no file of the platform names."""
    readme = (DAG_FILE.parents[1] / "README.md").read_text().partition("## How to add a star")[2]
    package = tmp_path / "shops"
    package.mkdir()
    (package / "__init__.py").write_text('"""The shops of an example."""\n')
    (package / "sales.py").write_text(readme.partition("```python\n")[2].partition("```")[0])
    answer = script(ANOTHER_STAR, str(DAG_FILE.parent), str(tmp_path))
    assert answer["dags"] == sorted(["star_shops", *(f"star_{name}" for name in star_names())])
    assert set(answer["tasks"]) == {
        "extract_sales", "news", "extracted", "transform_shops", "star", "publish", "telemetry"
    }  # fmt: skip
    assert (answer["params"], answer["doc"]) == (["full_refresh", "months"], "The shops of an example")
    assert answer["settings"] == {"months": ["2026-11"]}


UNREADABLE_STAR = """
    import json, sys
    import estrela.stars
    from airflow.sdk.exceptions import AirflowFailException
    sys.path.insert(0, sys.argv[1])
    estrela.stars.__path__.append(sys.argv[2])
    import stars
    (task,) = stars.star_shops.tasks
    try:
        task.python_callable(**task.op_kwargs)
    except AirflowFailException as error:
        print(json.dumps([str(error), stars.star_shops.doc_md, len(stars.star_banking.tasks)]))
"""


@pytest.mark.parametrize(
    ("declaration", "problem"),
    [
        ("from estrela.model import Column\nColumn('Shop', 'string', 'Shop')\n",
         "DefinitionError: Column('Shop'): name 'Shop' is not lower snake case; allowed: [a-z][a-z0-9_]*"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)  # fmt: skip
def test_a_star_that_cannot_be_read_leaves_the_others_their_dags(
    tmp_path: Path, script: Any, declaration: str, problem: str
) -> None:
    package = tmp_path / "shops"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "sales.py").write_text(declaration)
    error, doc, banking_tasks = script(UNREADABLE_STAR, str(DAG_FILE.parent), str(tmp_path))
    assert error == doc == f"the declarations of star shops cannot be read: {problem}"
    assert banking_tasks > len(STEPS)


NEWS = """
    import json, sys
    from datetime import UTC, datetime
    import airflow.providers.standard.operators.python
    from estrela.airflow.connection import client
    from estrela.airflow.news import news
    from estrela.etl.raw.layer import Arrival, RawLayer
    from estrela.etl.accounts.quarantine import Quarantine
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.releases.news import raw_versions
    from estrela.hooks.json_objects import S3JsonObjects
    from estrela.model.star import load
    connection = json.loads(sys.argv[1])
    s3 = client("s3", "aws_default")
    raw = RawLayer(s3, connection["lake"], "raw/banking")
    objects = S3JsonObjects(s3, connection["lake"])
    manifests, star = Manifests(objects, "banking"), load("banking")
    versions = lambda: raw_versions(raw, star.raw_names, Quarantine(objects, star.name))
    publish = lambda code: manifests.advance(versions(), code, 0)
    ask = lambda refresh=False: news("banking", connection, {"full_refresh": refresh})
    manifests.report_code({"dim": "1"})
    answers = [ask()]
    publish({"dim": "1"})
    answers += [ask(), ask(True)]
    manifests.report_code({"dim": "2"})
    answers += [ask()]
    publish({"dim": "2"})
    raw.write("fees", [Arrival({}, 0, "https://bank.test", b"2", datetime.now(UTC))])
    print(json.dumps([*answers, ask()]))
"""


def connection(platform: Any, **changes: str) -> str:
    rendered = {
        "aws_conn_id": "aws_default",
        "lake": platform.lake,
        "glue_job": platform.job,
        "deadline_minutes": "10",
        "poll_seconds": "0.1",
        "kill_stops_run": "false",
        "athena_workgroups": "primary",
    }
    return json.dumps(rendered | changes)


def test_news_is_what_the_published_tables_were_not_made_from(platform: Any, answer_of: Any) -> None:
    never_published, just_published, full_refresh, new_code, new_file = answer_of(
        platform.python(NEWS, connection(platform))
    )
    assert (never_published, just_published, full_refresh, new_code, new_file) == (True, False, True, True, True)


TELEMETRY = """
    import json, sys
    import airflow.providers.standard.operators.python
    from estrela.airflow.telemetry import note_work
    print(json.dumps([note_work({**json.loads(sys.argv[1]), **change}) for change in json.loads(sys.argv[2])]))
"""


def test_telemetry_that_fails_is_left_out_and_fails_nothing(platform: Any, answer_of: Any) -> None:
    changes = [{}, {"athena_workgroups": "no-such-group"}, {"glue_job": "no-such-job"}]
    answers = answer_of(platform.python(TELEMETRY, connection(platform), json.dumps(changes)))
    assert [sorted(answer) for answer in answers] == [["job_runs", "query_days"], ["job_runs"], ["query_days"]]


STEP = """
    import json, sys, types
    import airflow.providers.standard.operators.python
    from estrela.airflow.glue_step import run_step
    arguments = {"--star": "banking", "--entity": "complaints", "--phase": "extract", "--source_host": sys.argv[2]}
    job = {"arguments": arguments, "limits": [], "flex": False}
    try:
        print(json.dumps(run_step(types.SimpleNamespace(), json.loads(sys.argv[1]), "day-1", job, {})))
    except Exception as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def test_a_failure_that_no_retry_can_help_says_so_in_glues_words(platform: Any, answer_of: Any) -> None:
    kind, text = answer_of(platform.python(STEP, connection(platform), "http://gone"))
    (run,) = platform.runs()
    assert kind == "AirflowFailException"
    assert f"Glue job {platform.job}, run {run['Id']}, is FAILED: " in text
    assert "StepError: SourceRejectedError: complaints: HTTP 410; log: " in text
    command = f"aws --endpoint-url {platform.aws.endpoint} logs tail /aws-glue/python-jobs/error"
    assert f"{command} --log-stream-names {run['Id']} " in text


STOP = """
    import json, os, socket, sys, threading
    import airflow.providers.standard.operators.python
    from estrela.airflow.connection import Connection
    from estrela.airflow.glue_step import TaskRun, jobs_with_short_timeouts
    silent = socket.create_server(("127.0.0.1", 0))
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
    run = TaskRun(jobs_with_short_timeouts(Connection.of(json.loads(sys.argv[1]))), "job", "jr_1")
    stop = threading.Thread(target=run.stop, daemon=True)
    stop.start()
    stop.join(30)
    config = run.jobs.client.meta.config
    seconds = (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"]
    print(json.dumps([stop.is_alive(), seconds]))
"""


def test_a_stop_that_glue_does_not_answer_gives_up_before_airflow_kills(platform: Any, answer_of: Any) -> None:
    is_alive, seconds = answer_of(platform.python(STOP, connection(platform)))
    assert not is_alive
    assert seconds < 5


def test_a_run_does_not_outlive_its_deadline(platform: Any, answer_of: Any) -> None:
    kind, text = answer_of(platform.python(STEP, connection(platform, deadline_minutes="0.2"), "http://slow"))
    (run,) = platform.runs()
    assert (kind, run["JobRunState"]) == ("JobDeadlineError", "STOPPED")
    assert f"run {run['Id']}, is RUNNING: not finished after 12 s; log: " in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lake": ""}, "Airflow Variable estrela_lake: is missing; set it to the name of the lake's bucket"),
        ({"poll_seconds": "soon"},
         "Airflow Variable estrela_poll_seconds: 'soon' is not a number above 0, at most 600"),
        ({"deadline_minutes": "20000"},
         "Airflow Variable estrela_deadline_minutes: '20000' is not a number above 0, at most 10080"),
        ({"kill_stops_run": "yes"}, "Airflow Variable estrela_kill_stops_run: 'yes' is not true or false"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(platform: Any, answer_of: Any, change: dict[str, str], message: str) -> None:
    asked = connection(platform, **change)
    assert answer_of(platform.python(STEP, asked, "")) == ["AirflowFailException", message]
