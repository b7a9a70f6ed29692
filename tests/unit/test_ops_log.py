"""The tables of operations, with in-process fakes of S3's and Glue's protocols."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from estrela.etl.telemetry.job_runs import JOB_RUNS, ended_runs, row_of
from estrela.etl.telemetry.ops_log import ATTEMPTS, OpsLog
from estrela.etl.telemetry.query_days import query_days, rows_of
from estrela.failure import Failure

STARTED = datetime(2026, 10, 31, 23, 59, 58, tzinfo=UTC)
RUN = {
    "Id": "jr_1",
    "JobRunState": "SUCCEEDED",
    "StartedOn": STARTED,
    "ExecutionTime": 30,
    "MaxCapacity": 2.0,
    "Arguments": {"--run_key": "star_banking/daily/extract_fees"},
}
ROW = {
    "run_key": "star_banking/daily",
    "step": "extract_fees",
    "glue_run_id": "jr_1",
    "started_at": "2026-10-31 23:59:58",
    "seconds": 30,
    "dpu_seconds": 60.0,
    "state": "SUCCEEDED",
    "message": "",
}


class Pages:
    """A client whose paginators return these pages."""

    def __init__(self, *pages: dict[str, Any], executions: tuple[dict[str, Any], ...] = ()) -> None:
        self.pages, self.executions, self.asked = pages, {entry["QueryExecutionId"]: entry for entry in executions}, 0

    def get_paginator(self, _name: str) -> Pages:
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for page in self.pages:
            self.asked += 1
            yield page

    def batch_get_query_execution(self, QueryExecutionIds: list[str]) -> dict[str, Any]:
        return {"QueryExecutions": [self.executions[execution_id] for execution_id in QueryExecutionIds]}


@pytest.fixture(scope="module")
def log() -> Iterator[OpsLog]:
    with mock_aws():
        s3, glue = (
            boto3.client(name, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x") for name in ("s3", "glue")
        )
        s3.create_bucket(Bucket="lake")
        yield OpsLog(s3, glue, "lake", JOB_RUNS, ("glue_run_id",), "started_at")


@pytest.fixture(autouse=True)
def empty(log: OpsLog) -> None:
    for entry in log.s3.list_objects_v2(Bucket="lake").get("Contents", []):
        log.s3.delete_object(Bucket="lake", Key=entry["Key"])


def files(log: OpsLog) -> dict[str, list[dict[str, Any]]]:
    """Return every file below the table's folder, parsed line by line."""
    listed = log.s3.list_objects_v2(Bucket="lake", Prefix="ops/job_runs/").get("Contents", [])
    bodies = {entry["Key"]: log.s3.get_object(Bucket="lake", Key=entry["Key"])["Body"].read() for entry in listed}
    return {key: [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}


def test_a_run_is_a_row() -> None:
    assert row_of(RUN) == ROW
    assert list(row_of(RUN)) == [column.name for column in JOB_RUNS.columns]


def test_what_glue_itself_says_of_its_price_and_of_a_failure_is_told() -> None:
    row = row_of(RUN | {"DPUSeconds": 12.5, "JobRunState": "FAILED", "ErrorMessage": "x" * 900})
    assert (row["dpu_seconds"], row["state"], row["message"]) == (12.5, "FAILED", "x" * 500)
    stated = row_of(RUN | {"ErrorMessage": f"StepError: {Failure('QualityError', False)}: fees is not published"})
    assert stated["message"] == "StepError: QualityError: fees is not published"


def test_runs_that_are_active_old_or_without_a_run_key_are_left_out() -> None:
    runs = [
        RUN | {"Id": "active", "JobRunState": "RUNNING"},
        RUN | {"Id": "new state", "JobRunState": "DREAMING"},
        RUN | {"Id": "by hand", "Arguments": {}},
        RUN,
        RUN | {"Id": "old", "StartedOn": STARTED - timedelta(days=9)},
    ]
    client: Any = Pages({"JobRuns": runs}, {"JobRuns": []})
    assert ended_runs(client, "job", STARTED + timedelta(hours=1)) == [ROW]
    assert client.asked == 1


def test_the_first_record_creates_the_database(log: OpsLog) -> None:
    glue = log.glue
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_database(Name="estrela_ops")
    for _ in range(2):
        log.merge([ROW])
        assert glue.get_table(DatabaseName="estrela_ops", Name="job_runs")["Table"]["TableType"] == "EXTERNAL_TABLE"
    other = replace(log, table=replace(JOB_RUNS, name="others"))
    other.merge([])
    assert len(glue.get_tables(DatabaseName="estrela_ops")["TableList"]) == 2


def test_rows_lie_in_the_month_in_which_they_began(log: OpsLog) -> None:
    later = ROW | {"glue_run_id": "jr_2", "started_at": "2026-11-01 00:00:00"}
    log.merge([later, ROW])
    assert files(log) == {"ops/job_runs/2026-10.json": [ROW], "ops/job_runs/2026-11.json": [later]}
    assert log.newest() == "2026-11-01 00:00:00"


def test_a_row_of_the_same_key_is_replaced_and_the_others_stay(log: OpsLog) -> None:
    other, changed = ROW | {"glue_run_id": "jr_0"}, ROW | {"seconds": 31}
    log.merge([ROW, other])
    log.merge([changed])
    assert files(log) == {"ops/job_runs/2026-10.json": [other, changed]}


def test_the_same_again_writes_nothing(log: OpsLog) -> None:
    log.merge([ROW])
    calls: list[str] = []
    for client in (log.s3, log.glue):
        client.meta.events.register("before-call", lambda model, **_: calls.append(model.name), unique_id="watch")
    log.merge([ROW])
    for client in (log.s3, log.glue):
        client.meta.events.unregister("before-call", unique_id="watch")
    assert calls == ["GetObject", "GetTable"]


def test_an_empty_log_has_no_newest_row(log: OpsLog) -> None:
    assert log.newest() == ""


class Overtaken:
    """An S3 client before each of whose writes another writer merges a row, a given number of times."""

    def __init__(self, log: OpsLog, times: int) -> None:
        self.log, self.times = log, times

    def put_object(self, **arguments: Any) -> Any:
        if self.times:
            self.times -= 1
            self.log.merge([ROW | {"glue_run_id": f"other_{self.times}"}])
        return self.log.s3.put_object(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log.s3, name)


@pytest.mark.parametrize("known", [[], [ROW | {"glue_run_id": "jr_0"}]])
def test_what_another_writer_adds_meanwhile_is_kept(log: OpsLog, known: list[Any]) -> None:
    log.merge(known)
    slower = replace(log, s3=Overtaken(log, 2))
    assert slower.merge([ROW]) == 1
    run_ids = {row["glue_run_id"] for row in files(log)["ops/job_runs/2026-10.json"]}
    assert run_ids == {"jr_1", "other_0", "other_1", *(row["glue_run_id"] for row in known)}


def test_a_writer_that_others_overtake_every_time_gives_up(log: OpsLog) -> None:
    with pytest.raises(ClientError, match="PreconditionFailed"):
        replace(log, s3=Overtaken(log, ATTEMPTS)).merge([ROW])
    assert len(files(log)["ops/job_runs/2026-10.json"]) == ATTEMPTS


ROWS = st.builds(
    lambda number, day, seconds: ROW | {"glue_run_id": f"jr_{number}", "started_at": f"2026-{day}", "seconds": seconds},
    st.integers(0, 3), st.sampled_from(["10-30 01:00:00", "11-01 01:00:00"]), st.just(1),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=6), st.randoms())
def test_the_order_in_which_rows_are_told_changes_nothing(log: OpsLog, rows: list[Any], random: Any) -> None:
    log.merge(rows)
    first = files(log)
    random.shuffle(rows)
    log.merge(rows)
    assert files(log) == first


def test_the_catalog_knows_the_table_and_follows_its_declaration(log: OpsLog) -> None:
    log.merge([])
    narrow = replace(log, table=replace(JOB_RUNS, columns=JOB_RUNS.columns[:2]))
    narrow.merge([])
    table = log.glue.get_table(DatabaseName="estrela_ops", Name="job_runs")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["run_key", "step"]
    log.merge([])
    table = log.glue.get_table(DatabaseName="estrela_ops", Name="job_runs")["Table"]
    assert table["StorageDescriptor"]["Columns"][4] == {
        "Name": "seconds",
        "Type": "bigint",
        "Comment": "Seconds of execution, without the start of the machines",
    }
    assert table["StorageDescriptor"]["Location"] == "s3://lake/ops/job_runs/"


def query(name: str, day: int, state: str = "SUCCEEDED", scanned: int = 100) -> dict[str, Any]:
    sent = datetime(2026, 11, day, 23, 59, tzinfo=UTC)
    status = {"State": state, "SubmissionDateTime": sent}
    return {"QueryExecutionId": name, "Status": status, "Statistics": {"DataScannedInBytes": scanned}}


def test_queries_are_summed_by_day() -> None:
    executions = [query("a", 2), query("b", 2, "FAILED", 7), query("c", 1, "CANCELLED", 0), query("d", 2, "RUNNING")]
    assert rows_of("analysts", executions) == [
        {"day": "2026-11-01", "workgroup": "analysts", "queries": 1, "failed": 1, "scanned_bytes": 0},
        {"day": "2026-11-02", "workgroup": "analysts", "queries": 2, "failed": 1, "scanned_bytes": 107},
    ]


@pytest.mark.parametrize(("since", "days"), [("2026-11-03", [3]), ("", [2, 3]), ("2020-01-01", [2, 3])])
def test_days_are_told_from_the_one_that_is_asked_for(since: str, days: list[int]) -> None:
    executions = (query("a", 3), query("b", 3), query("c", 2))
    pages = [{"QueryExecutionIds": [execution["QueryExecutionId"]]} for execution in executions]
    client: Any = Pages(*pages, executions=executions)
    rows = query_days(client, "analysts", since, date(2026, 11, 3))
    assert [(row["day"], row["queries"]) for row in rows] == [(f"2026-11-0{day}", {2: 1, 3: 2}[day]) for day in days]


def test_what_athena_has_forgotten_in_part_is_not_told_again() -> None:
    client: Any = Pages({"QueryExecutionIds": ["a"]}, executions=(query("a", 1),))
    assert query_days(client, "analysts", "2026-10-01", date(2026, 12, 12)) == []


@pytest.mark.parametrize(
    ("most", "counted"),
    [
        (4, {"2026-11-02": 1, "2026-11-03": 3}),
        (3, {"2026-11-03": 3}),
        (2, {"2026-11-03": 2}),
    ],
)
def test_a_busy_workgroup_costs_a_bounded_number_of_requests(
    most: int, counted: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    executions = (query("a", 3), query("b", 3), query("c", 3), query("d", 2), query("e", 1))
    pages = [{"QueryExecutionIds": [execution["QueryExecutionId"]]} for execution in executions]
    client: Any = Pages(*pages, executions=executions)
    rows = query_days(client, "analysts", "2026-11-02", date(2026, 11, 3), most=most)
    assert {row["day"]: row["queries"] for row in rows} == counted
    assert client.asked <= most + 1
    cut = [record.getMessage() for record in caplog.records]
    assert cut == ([] if most == 4 else [
        f"workgroup analysts: only its newest {most} queries were counted, so the figures up to 2026-11-03 may be "
        "incomplete; use a separate workgroup for Estrela"
    ])  # fmt: skip
