"""The DAGs of the feeds and of the warehouse in a real Airflow, with Glue runs on a local AWS and a real ledger."""

from __future__ import annotations

import gzip
import io
import json
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estrela.hooks.redshift import RedshiftData
from estrela.ledger.arrivals import listed
from estrela.ledger.claims import Claims
from estrela.ledger.register import Register
from estrela.model.feed_engine import Redshift
from estrela.model.feed_origin import S3Drop
from estrela.model.feeds import feeds

DAGS = Path(__file__).parents[2] / "dags"
JOB_TEMPLATE = DAGS.parent / "glue" / "job_template.py"
HEAVY = {"pyspark", "boto3", "botocore", "psycopg", "pandas", "pyarrow"}
HEADER = "settlement_id,settled_on,merchant,card_number,amount,installments,disputed\n"
GOOD = "1,2026-11-01,Padaria,4111111111111234,12.50,1,false\n"
RUN = """
    import importlib, json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    dag = getattr(importlib.import_module(sys.argv[2]), sys.argv[3])
    if sys.argv[4:]:
        dag = dag.partial_subset(sys.argv[4:], include_direct_upstream=False)
    dag.deadline = None  # Airflow's dag.test fails on one: apache/airflow issue 73428
    for task in dag.tasks:
        task.retries = 0
    run = dag.test()
    print(json.dumps({"state": run.state, **{ti.task_id: ti.state for ti in run.get_task_instances()}}))
"""
CALL = """
    import json, sys
    import airflow.providers.standard.operators.python
    from estrela.airflow import feed_tasks
    print(json.dumps([getattr(feed_tasks, name)(**given) for name, given in json.loads(sys.argv[1])]))
"""


def ran(warehouse: Any, answer_of: Any, *words: str) -> dict[str, str]:
    """Run a DAG, or some of its tasks; return the states of the tasks and of the run."""
    states: dict[str, str] = answer_of(warehouse.platform.python(RUN, str(DAGS), *words))
    return states


@pytest.fixture(scope="module")
def parsed(parse: Any) -> dict[str, Any]:
    return {name: parse(DAGS / f"{name}.py") for name in ("feeds", "warehouse")}


def test_the_files_parse_without_the_libraries_that_their_tasks_need(parsed: dict[str, Any]) -> None:
    for parsed_file in parsed.values():
        assert HEAVY.isdisjoint(parsed_file["imports"])
        assert "estrela" in parsed_file["imports"]


def test_there_is_one_dag_per_feed_that_runs_by_itself_one_at_a_time(parsed: dict[str, Any]) -> None:
    dags = parsed["feeds"]["dags"]
    assert {name: (dag["name"], dag["schedule"], dag["settings"]) for name, dag in dags.items()} == {
        f"feed_{name}": (f"feed_{name}", "@continuous", [False, 1, sorted(["estrela", "warehouse", name])])
        for name in feeds()
    }


def test_the_tasks_follow_the_life_of_a_file(parsed: dict[str, Any]) -> None:
    dag = parsed["feeds"]["dags"]["feed_branches"]
    assert dag["tasks"] == {
        "wait_for_file": [],
        "choose_files": ["wait_for_file"],
        "create_table": ["choose_files"],
        "load": ["create_table"],
        "log": ["create_table", "load"],
        "archive": ["load", "log"],
        "done": ["archive", "load", "log"],
        "notify": ["done"],
    }
    assert dag["mode"] == ["reschedule"]
    assert dag["rules"]["notify"] == "all_done_setup_success", "it tells of what failed, too"


def test_every_feed_has_a_group_of_its_own(parsed: dict[str, Any]) -> None:
    dag = parsed["warehouse"]["dags"]["warehouse"]
    assert (dag["schedule"], dag["settings"][:2]) == ("@daily", [False, 1])
    tasks = dict(dag["tasks"])
    assert sorted(tasks.pop("notify")) == [f"{name}.done" for name in sorted(feeds())]
    assert {task.partition(".")[0] for task in tasks} == set(feeds())
    assert {name: after for name, after in tasks.items() if name.startswith("customers.")} == {
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
    for name, after in tasks.items():
        assert {upstream.partition(".")[0] for upstream in after} <= {name.partition(".")[0]}, (
            "no feed waits for another"
        )
    for name in ("transform_data", "load_data", "archive_files"):
        assert dag["rules"][f"branches.{name}"] == "all_done", "what came on earlier days is loaded all the same"


def test_every_task_has_a_name_and_says_what_it_does(parsed: dict[str, Any]) -> None:
    dags = {**parsed["feeds"]["dags"], **parsed["warehouse"]["dags"]}
    texts = {f"{dag}.{task}": text for dag, details in dags.items() for task, text in details["texts"].items()}
    assert [task for task, (name, doc) in texts.items() if name == task.rpartition(".")[2] or not doc] == []
    assert {task: name for task, (name, _) in dags["feed_branches"]["texts"].items()} == {
        "wait_for_file": "Wait for a file",
        "choose_files": "Choose the files",
        "create_table": "Create the table",
        "load": "Load the files",
        "log": "Account for every file",
        "archive": "Archive the files",
        "done": "Everything succeeded",
        "notify": "Send messages",
    }
    assert texts["warehouse.customers.reconcile_keys"] == [
        "Delete what the source deleted",
        "Deletes the rows of `warehouse.customers` whose keys the source no longer has, as often as the feed declares."
        " Does nothing on other days.\n\nThe task's XCom has the figures of the step: rows in, loaded and rejected,"
        " files, tables. Its log has the same figures, and a command that prints the log of the Glue run.",
    ]
    assert dags["feed_branches"]["outlets"] == {"load": ["x-estrela://warehouse/warehouse.branches"]}
    assert dags["warehouse"]["outlets"]["branches.load_data"] == ["x-estrela://warehouse/warehouse.branches"]


def put_rates(warehouse: Any) -> None:
    """Put a file of rates into the landing bucket, while the FTPS share of the feed is down."""
    secret = {"host": "127.0.0.1", "port": 1, "username": "estrela", "password": "x"}
    secrets = warehouse.platform.aws.client("secretsmanager")
    secrets.create_secret(Name="estrela/ftps/backoffice", SecretString=json.dumps(secret))
    warehouse.put("exchange_rates/rates_20261101.csv", b"Banco\nRates\nData;Moeda;Taxa\n01/11/2026;USD;5,4321\n")


FAILED = {"state": "failed", "exchange_rates.extract_data": "failed", "exchange_rates.done": "upstream_failed"}


@pytest.mark.slow
def test_what_came_before_a_source_went_down_is_loaded(warehouse: Any, answer_of: Any) -> None:
    put_rates(warehouse)
    tasks = [f"exchange_rates.{name}" for name in ("extract_data", "transform_data", "load_data", "done")]
    states = ran(warehouse, answer_of, "warehouse", "warehouse", *tasks)
    assert {name: state for name, state in states.items() if state != "success"} == FAILED
    assert states["exchange_rates.load_data"] == "success"
    assert set(warehouse.states().values()) == {"Done"}


@pytest.mark.slow
@pytest.mark.long
def test_a_source_that_is_down_fails_alone(warehouse: Any, answer_of: Any) -> None:
    put_rates(warehouse)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        branches = [{"code": 7, "name": "Centro", "city": None, "opened": None}]
        archive.writestr("branches.json", json.dumps({"branches": branches}))
    warehouse.put("branches/branches_20261101T000000.zip", packed.getvalue())
    tasks = [
        f"{feed}.{name}_{what}" for feed in ("branches", "exchange_rates")
        for name, what in (("extract", "data"), ("transform", "data"), ("load", "data"), ("archive", "files"))
    ]  # fmt: skip
    states = ran(warehouse, answer_of, "warehouse", "warehouse", *tasks, "branches.done", "exchange_rates.done")
    assert {name: state for name, state in states.items() if state != "success"} == FAILED
    assert set(warehouse.states().values()) == {"Done"}


@pytest.mark.slow
@pytest.mark.long
def test_good_files_are_loaded_and_a_bad_one_fails_the_run(warehouse: Any, answer_of: Any) -> None:
    warehouse.put("card_settlements/visa_2026-11-01.csv.gz", gzip.compress((HEADER + GOOD).encode()))
    states = ran(warehouse, answer_of, "feeds", "feed_card_settlements")
    assert set(states.values()) == {"success"}
    phases = [run["Arguments"]["--phase"] for run in warehouse.platform.runs()]
    assert phases == ["load", "archive"]

    warehouse.put("card_settlements/visa_2026-11-02.csv.gz", b"not gzip")
    warehouse.put("card_settlements/visa_2026-11-03.csv.gz", gzip.compress((HEADER + "2" + GOOD[1:]).encode()))
    states = ran(warehouse, answer_of, "feeds", "feed_card_settlements")
    assert {name: state for name, state in states.items() if state != "success"} == {
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
    messages = warehouse.database.query("SELECT kind, subject FROM ledger.messages")
    assert messages == [{"kind": "fail", "subject": "card_settlements: visa_2026-11-02.csv.gz failed"}]


OF_REDSHIFT = """
from dataclasses import replace

from estrela.feeds.backoffice.card_settlements import card_settlements
from estrela.model.feed import RowTolerance
from estrela.model.feed_engine import Redshift
from estrela.model.feed_origin import S3Drop

there = replace(
    card_settlements, name="there", target="mart.there", origin=S3Drop("there/", r".*[.]csv[.]gz"), engine=Redshift(),
    tolerance=RowTolerance(rows=1),
)
"""


@pytest.mark.slow
@pytest.mark.long
def test_a_feed_of_redshift_runs_in_its_dag(warehouse: Any, answer_of: Any, tmp_path: Path) -> None:
    """Airflow, the Glue job and Redshift's Data API are real or local; the feed is declared in a folder."""
    aws, platform = warehouse.platform.aws, warehouse.platform
    serverless = aws.client("redshift-serverless")
    serverless.create_namespace(namespaceName=platform.lake)
    serverless.create_workgroup(workgroupName=platform.lake, namespaceName=platform.lake)
    variables = platform.variables | {"redshift_workgroup": platform.lake}
    own = replace(warehouse, platform=replace(platform, variables=variables))
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "__init__.py").write_text("")
    (tmp_path / "apart" / "there.py").write_text(OF_REDSHIFT)
    found_too = f"import estrela.feeds\nestrela.feeds.__path__.append({str(tmp_path)!r})\n"
    future, script = "from __future__ import annotations\n", JOB_TEMPLATE.read_text()
    assert future in script
    job = script.replace(future, future + found_too, 1)
    aws.client("s3").put_object(Bucket=platform.lake, Key="job.py", Body=job.encode())

    for day, bad in ((1, ""), (2, "x" + GOOD[1:])):
        body = gzip.compress((HEADER + str(day) + GOOD[1:] + bad).encode())
        aws.client("s3").put_object(Bucket=own.landing, Key=f"there/{day}.csv.gz", Body=body)
    feed = replace(feeds()["card_settlements"], name="there", origin=S3Drop("there/", ".*"), engine=Redshift())
    arrivals = list(listed(aws.client("s3"), own.landing, "there/"))
    Register(own.database, {"there": feed}, own.landing).register(arrivals, "test", by_event=False)

    script = found_too + textwrap.dedent(RUN)
    states: dict[str, str] = answer_of(own.platform.python(script, str(DAGS), "feeds", "feed_there"))
    assert {name: state for name, state in states.items() if state != "success"} == {}
    account = own.database.query(
        "SELECT key, state, rows_loaded, rows_rejected, archived_at IS NOT NULL AS is_archived FROM ledger.files "
        "ORDER BY key"
    )
    assert [tuple(row.values()) for row in account] == [
        ("there/1.csv.gz", "Done", 1, 0, True),
        ("there/2.csv.gz", "Done", 1, 1, True),
    ]
    redshift = RedshiftData(aws.client("redshift-data"), {"WorkgroupName": platform.lake, "Database": "dev"})
    assert redshift.query("test", "SELECT settlement_id, merchant FROM mart.there ORDER BY 1") == [
        (1, "Padaria"),
        (2, "Padaria"),
    ]


def given(warehouse: Any, **changes: str) -> dict[str, Any]:
    places = {"aws_conn_id": "aws_default", **warehouse.platform.variables}
    return {"feed": "branches", "warehouse": places | changes}


def called(warehouse: Any, answer_of: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Call functions of ``feed_tasks`` and return their results."""
    answers: list[Any] = answer_of(warehouse.platform.python(CALL, json.dumps(calls)))
    return answers


def test_the_sensor_asks_the_ledger_and_older_files_are_filtered_out(warehouse: Any, answer_of: Any) -> None:
    asked = ("has_file", given(warehouse))
    assert called(warehouse, answer_of, asked) == [False]
    for day in (1, 2):
        warehouse.put(f"branches/branches_2026110{day}T000000.zip", b"x")
    chosen = ("choose_files", given(warehouse) | {"run_id": "day-1"})
    assert called(warehouse, answer_of, asked, chosen) == [True, {"given_back": 0, "filtered_out": 1}]
    assert warehouse.states()["branches/branches_20261101T000000.zip"] == "Filtered Out"


def test_a_variable_that_is_missing_is_named(warehouse: Any) -> None:
    output = warehouse.platform.python(CALL, json.dumps([["has_file", given(warehouse, landing="")]]))
    assert output.splitlines()[-1] == (
        "airflow.sdk.exceptions.AirflowFailException: Airflow Variable estrela_landing: is missing; set it as "
        "docs/ledger.md describes"
    )


def test_messages_are_sent_by_a_task_once(warehouse: Any, answer_of: Any) -> None:
    warehouse.put("branches/branches_20261101T000000.zip", b"x")
    claims = Claims(warehouse.database)
    assert claims.claim(feeds()["branches"], "run 1")
    claims.give_up("run 1", "broken off")
    warehouse.platform.aws.client("sesv2").create_email_identity(EmailIdentity="estrela@example.com")
    mail = {"alert_recipients": "people@example.com", "alert_sender": "estrela@example.com"}
    asked = {"feeds": ["branches"], "warehouse": given(warehouse, **mail)["warehouse"]}
    first, second = called(warehouse, answer_of, ("notify", asked), ("notify", asked))
    assert (first, second) == ({"e-mail": 1}, {"e-mail": 0})
    [message] = warehouse.database.query("SELECT subject, mailed_at IS NOT NULL AS is_sent FROM ledger.messages")
    assert message == {"subject": "branches: branches_20261101T000000.zip failed", "is_sent": True}


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
    assert warehouse.database.query(reasons) == [{"reason": "task load of day-1 failed and is not retried"}]


ANOTHER_FEED = """
    import json, sys
    import estrela.feeds
    from airflow.sdk import DAG
    from airflow.sdk.exceptions import AirflowFailException
    sys.path.insert(0, sys.argv[1])
    estrela.feeds.__path__.append(sys.argv[2])
    import feeds, warehouse
    found = {dag.dag_id: dag for dag in vars(feeds).values() if isinstance(dag, DAG)}
    refused = []
    for dag, task in ((found["feed_broken"], "declarations"), (warehouse.warehouse, "broken.declarations")):
        refusing = dag.get_task(task)
        try:
            refusing.python_callable(**refusing.op_kwargs)
        except AirflowFailException as error:
            refused.append(str(error))
    print(json.dumps({
        "dags": sorted(found), "rates": [found["feed_rates"].description, len(found["feed_rates"].tasks)],
        "groups": sorted({task.task_id.partition(".")[0] for task in warehouse.warehouse.tasks}), "refused": refused,
    }))
"""


def test_a_feed_is_added_by_its_declaration_alone_and_a_broken_one_is_contained(tmp_path: Path, script: Any) -> None:
    """The feed of the README, which no file of the platform names, next to a file that cannot be read."""
    readme = (DAGS.parent / "README.md").read_text().partition("## How to add a feed")[2]
    package = tmp_path / "treasury"
    package.mkdir()
    (package / "__init__.py").write_text('"""Files of the treasury."""\n')
    (package / "rates.py").write_text(readme.partition("```python\n")[2].partition("```")[0])
    (package / "broken.py").write_text("import no_such_module")
    answer = script(ANOTHER_FEED, str(DAGS), str(tmp_path))
    assert answer["dags"] == sorted(["feed_broken", "feed_rates", *(f"feed_{name}" for name in feeds())])
    assert answer["rates"] == ["Exchange rates, one file per day; a day sent again replaces its rows", 8]
    assert answer["groups"] == sorted([*feeds(), "broken", "notify", "rates"])
    problem = "ModuleNotFoundError: No module named 'no_such_module'"
    assert answer["refused"] == [f"the declaration of feed broken cannot be read: {problem}"] * 2
