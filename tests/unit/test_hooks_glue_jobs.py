"""GlueJobs against a fake of the four calls that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from estrela.errors import JobDeadlineError, JobError
from estrela.hooks.glue_jobs import GlueJobs, JobRun, may_pass

LOG = "http://127.0.0.1:4566 (log group /aws-glue/jobs/error, stream jr_1)"


@dataclass
class FakeGlue:
    """Runs whose states come from a script, a state a question; the last one stays."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    script: list[str] = field(default_factory=lambda: ["SUCCEEDED"])
    message: str = ""
    endpoint: str = "http://127.0.0.1:4566"
    refusal: Exception | None = None
    stopped: list[str] = field(default_factory=list)

    @property
    def meta(self) -> SimpleNamespace:
        return SimpleNamespace(endpoint_url=self.endpoint, region_name="us-east-1")

    def start_job_run(self, *, JobName: str, Arguments: dict[str, str], ExecutionClass: str) -> dict[str, str]:
        if self.refusal:
            raise self.refusal
        self.runs.insert(0, run(f"jr_{len(self.runs) + 1}", Arguments["--run_key"], Arguments=Arguments))
        return {"JobRunId": self.runs[0]["Id"]}

    def get_paginator(self, name: str) -> FakeGlue:
        assert name == "get_job_runs"
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:
        for one in self.runs:
            yield {"JobRuns": [one]}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:
        state = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        run = {"Id": RunId, "JobRunState": state, "ExecutionTime": 61, "MaxCapacity": 2.0}
        return {"JobRun": run | ({"ErrorMessage": self.message} if self.message else {})}

    def batch_stop_job_run(self, *, JobName: str, JobRunIds: list[str]) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        self.stopped += JobRunIds
        return {"Errors": [] if self.script[0] == "RUNNING" else [{"ErrorDetail": {"ErrorMessage": "has ended"}}]}


class Clock:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def time(self) -> float:
        return self.now


def run(run_id: str, key: str, state: str = "RUNNING", days: int = 0, **more: Any) -> dict[str, Any]:
    started = datetime.now(UTC) - timedelta(days=days)
    return {"Id": run_id, "JobRunState": state, "StartedOn": started, "Arguments": {"--run_key": key}} | more


def jobs(glue: FakeGlue, clock: Clock | None = None) -> GlueJobs:
    clock = clock or Clock()
    return GlueJobs(glue, clock.sleep, clock.time)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["STARTING", "RUNNING", "WAITING"])
def test_a_second_start_attaches_to_the_active_run(state: str) -> None:
    glue = FakeGlue([run("jr_9", "other"), run("jr_5", "day-1", state)])
    assert jobs(glue).start("etl", "day-1", {"--phase": "star"}) == "jr_5"
    assert len(glue.runs) == 2


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "STOPPING", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"])
def test_a_run_that_is_over_is_not_attached_to(state: str) -> None:
    glue = FakeGlue([run("jr_1", "day-1", state)])
    assert jobs(glue).start("etl", "day-1", {"--phase": "star"}) == "jr_2"
    assert glue.runs[0]["Arguments"] == {"--phase": "star", "--run_key": "day-1"}


def test_the_search_ends_where_no_run_can_be_active() -> None:
    glue = FakeGlue([run("jr_2", "new"), run("jr_1", "old", days=9), run("jr_0", "day-1")])
    assert jobs(glue).find("etl", "day-1") is None


def test_waiting_ends_with_success_alone() -> None:
    clock = Clock()
    glue = FakeGlue(script=["WAITING", "STARTING", "RUNNING", "STOPPING", "SUCCEEDED"])
    assert jobs(glue, clock).wait("etl", "jr_1", 100, poll=3) == JobRun("etl", "jr_1", 61, 122.0)
    assert clock.naps == [3, 3, 3, 3]


@pytest.mark.parametrize("state", ["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED", "A_STATE_YET_TO_BE_INVENTED"])
def test_every_other_state_is_a_failure_in_glues_own_words(state: str) -> None:
    with pytest.raises(JobError) as caught:
        jobs(FakeGlue(script=["RUNNING", state], message="ValueError: boom")).wait("etl", "jr_1", 100)
    assert str(caught.value) == f"Glue job etl, run jr_1, is {state}: ValueError: boom; log: {LOG}"


def test_there_is_always_a_deadline() -> None:
    clock = Clock()
    with pytest.raises(JobDeadlineError) as caught:
        jobs(FakeGlue(script=["RUNNING"]), clock).wait("etl", "jr_1", 10, poll=4)
    assert str(caught.value) == f"Glue job etl, run jr_1, is RUNNING: not finished after 10 s; log: {LOG}"
    assert clock.naps == [4, 4, 2]


def test_an_active_run_is_stopped_and_one_that_ended_stays_as_it_is() -> None:
    active, ended = FakeGlue(script=["RUNNING"]), FakeGlue(script=["SUCCEEDED"])
    jobs(active).stop("etl", "jr_1")
    jobs(ended).stop("etl", "jr_1")
    assert active.stopped == ["jr_1"]


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "StartJobRun")


@pytest.mark.parametrize(
    ("cause", "retriable"),
    [
        (refusal("EntityNotFoundException"), False),
        (refusal("AccessDeniedException"), False),
        (refusal("ConcurrentRunsExceededException"), True),
        (refusal("ThrottlingException"), True),
        (EndpointConnectionError(endpoint_url="https://glue"), True),
    ],
)
def test_a_run_that_cannot_start_is_a_job_error(cause: Exception, retriable: bool) -> None:
    with pytest.raises(JobError, match="Glue job etl, run none, is NOT STARTED: ") as caught:
        jobs(FakeGlue(refusal=cause)).start("etl", "k", {})
    assert caught.value.retriable is retriable


@pytest.mark.parametrize(
    ("message", "retriable"),
    [
        ("Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 3; SourceUnavailableError: fees: HTTP 503", True),
        ("estrela.errors.SourceRejectedError: fees: HTTP 400", False),
        ("QualityError: fact_fees is not published", False),
        ("SettingsError: --lake: is missing", False),
        ("ValueError: boom", True),
        ("Command failed with exit code 10", True),
        ("", True),
    ],
)
def test_glues_message_tells_whether_a_retry_can_help(message: str, retriable: bool) -> None:
    assert may_pass(message) is retriable


def test_on_aws_the_log_is_a_link_to_the_console() -> None:
    glue = FakeGlue(endpoint="https://glue.us-east-1.amazonaws.com")
    assert jobs(glue).log_url("jr_1") == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Ferror/log-events/jr_1"
    )
