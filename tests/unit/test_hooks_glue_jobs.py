"""GlueJobs with a fake of the AWS calls that it uses, and with a server that answers too late."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.hooks import HierarchicalEmitter
from hypothesis import given, settings
from hypothesis import strategies as st

from estrela.errors import JobDeadlineError, JobError
from estrela.failure import Failure
from estrela.hooks.glue_jobs import BLIND_SECONDS, STOP_SECONDS, GlueJobs, JobRun
from estrela.hooks.glue_runs import active_run_keys

LOG = (
    "aws --endpoint-url http://127.0.0.1:4566 logs tail /aws-glue/jobs/error"
    " --log-stream-names jr_1 --since 30d --format short --region us-east-1"
)
ENDED = ["SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"]
OFFLINE = EndpointConnectionError(endpoint_url="https://glue")


def refusal(code: str, operation: str = "StartJobRun", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@dataclass
class FakeGlue:
    """Runs whose states are scripted, one state or error per poll; the last one stays."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    script: list[str | Exception] = field(default_factory=lambda: ["SUCCEEDED"])
    message: str = ""
    endpoint: str = "http://127.0.0.1:4566"
    group: str = "/aws-glue/jobs"
    refusal: Exception | None = None
    starts_unanswered: bool = False
    stopped: list[str] = field(default_factory=list)

    @property
    def meta(self) -> SimpleNamespace:
        return SimpleNamespace(endpoint_url=self.endpoint, region_name="us-east-1", events=HierarchicalEmitter())

    def start_job_run(self, *, JobName: str, Arguments: dict[str, str], ExecutionClass: str) -> dict[str, str]:
        if self.refusal and not self.starts_unanswered:
            raise self.refusal
        self.runs.insert(0, run(f"jr_{len(self.runs) + 1}", Arguments["--run_key"], Arguments=Arguments))
        if self.refusal:
            raise self.refusal
        return {"JobRunId": self.runs[0]["Id"]}

    def get_paginator(self, name: str) -> FakeGlue:
        assert name == "get_job_runs"
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:
        for job_run in self.runs:
            yield {"JobRuns": [job_run]}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:
        state = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(state, Exception):
            raise state
        run = {"Id": RunId, "JobRunState": state, "ExecutionTime": 61, "MaxCapacity": 2.0, "LogGroupName": self.group}
        return {"JobRun": run | ({"ErrorMessage": self.message} if self.message else {})}

    def batch_stop_job_run(self, *, JobName: str, JobRunIds: list[str]) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        if self.script[0] in ENDED:
            return {"Errors": [{"ErrorDetail": {"ErrorMessage": "has ended"}}]}
        self.stopped += JobRunIds
        return {"Errors": []}


class Clock:
    """A clock that advances only while the code sleeps."""

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


@pytest.mark.parametrize("state", ["STARTING", "RUNNING", "WAITING", "A_STATE_YET_TO_BE_INVENTED"])
def test_a_second_start_attaches_to_the_active_run(state: str) -> None:
    glue = FakeGlue([run("jr_9", "other"), run("jr_5", "day-1", state), run("jr_4", "day-1", "STOPPING")])
    assert jobs(glue).start("etl", "day-1", {"--phase": "star"}) == "jr_5"
    assert len(glue.runs) == 3


@pytest.mark.parametrize("state", ENDED)
def test_a_run_that_has_ended_is_not_attached_to(state: str) -> None:
    glue = FakeGlue([run("jr_1", "day-1", state)])
    assert jobs(glue).start("etl", "day-1", {"--phase": "star"}) == "jr_2"
    assert glue.runs[0]["Arguments"] == {"--phase": "star", "--run_key": "day-1"}


def test_a_run_that_is_being_stopped_is_waited_for_before_another_starts() -> None:
    clock, glue = Clock(), FakeGlue([run("jr_1", "day-1", "STOPPING")], script=["STOPPING", OFFLINE, "STOPPED"])
    assert jobs(glue, clock).start("etl", "day-1", {}) == "jr_2"
    assert clock.naps == [5, 5]


def test_no_run_starts_beside_one_that_does_not_stop() -> None:
    glue = FakeGlue([run("jr_1", "day-1", "STOPPING")], script=["STOPPING"])
    with pytest.raises(JobError) as caught:
        jobs(glue).start("etl", "day-1", {})
    assert str(caught.value) == (
        f"Glue job etl, run jr_1, is STOPPING: has not ended {STOP_SECONDS:g} s after Glue was asked to stop it; log:"
        f" {LOG}"
    )
    assert (caught.value.retriable, len(glue.runs)) == (True, 1)


def test_the_search_ends_where_no_run_can_be_active() -> None:
    glue = FakeGlue([run("jr_2", "new"), run("jr_1", "old", days=9), run("jr_0", "day-1")])
    assert jobs(glue).start("etl", "day-1", {}) == "jr_4"


def test_a_run_of_seven_days_the_most_that_glue_allows_is_still_attached_to() -> None:
    assert jobs(FakeGlue([run("jr_1", "day-1", days=7)])).start("etl", "day-1", {}) == "jr_1"


def test_the_keys_of_active_runs_are_those_that_have_not_ended() -> None:
    active = [run("jr_1", "a"), run("jr_2", "b", "STOPPING"), run("jr_3", "c", "A_STATE_YET_TO_BE_INVENTED")]
    others = [run(f"jr_{state}", state, state) for state in ENDED] + [run("jr_4", "", Arguments={})]
    old = [run("jr_5", "old", days=9), run("jr_6", "behind the old one")]
    client: Any = FakeGlue([*others, *active, *old])
    assert active_run_keys(client, "etl") == {"a", "b", "c"}


def test_waiting_ends_only_with_success() -> None:
    clock = Clock()
    glue = FakeGlue(script=["WAITING", "STARTING", "RUNNING", "STOPPING", "SUCCEEDED"])
    assert jobs(glue, clock).finish("etl", "jr_1", 100, poll=3) == JobRun("etl", "jr_1", 61, 122.0)
    assert clock.naps == [3, 3, 3, 3]


def test_logs_are_where_glue_says() -> None:
    """A job with a security configuration has separate log groups."""
    group = "/aws-glue/jobs/estrela-dev-role/estrela-dev-glue"
    glue = FakeGlue(group=group, script=["SUCCEEDED", "FAILED"])
    assert jobs(glue).finish("etl", "jr_1", 100).log_group == group
    assert jobs(glue).log_group("etl", "jr_1") == group
    with pytest.raises(JobError, match=f" logs tail {group}/error "):
        jobs(glue).finish("etl", "jr_1", 100)
    assert jobs(FakeGlue(script=[OFFLINE])).log_group("etl", "jr_1") == "/aws-glue/jobs"


@pytest.mark.parametrize("state", ENDED[1:])
def test_every_other_end_is_a_failure_with_glues_own_message(state: str) -> None:
    glue = FakeGlue(script=["RUNNING", state], message="ValueError: boom")
    with pytest.raises(JobError) as caught:
        jobs(glue).finish("etl", "jr_1", 100)
    assert str(caught.value) == f"Glue job etl, run jr_1, is {state}: ValueError: boom; log: {LOG}"
    assert glue.stopped == []


def test_a_failure_that_says_nothing_is_retriable() -> None:
    with pytest.raises(JobError, match="is FAILED: Glue gave no message; log:") as caught:
        jobs(FakeGlue(script=["FAILED"])).finish("etl", "jr_1", 100)
    assert caught.value.retriable


@pytest.mark.parametrize("retriable", [True, False])
def test_the_failure_that_the_step_stated_decides_whether_a_retry_can_help(retriable: bool) -> None:
    failure = Failure("LoadError", retriable)
    message = f"Error Category: UNCLASSIFIED_ERROR; StepError: {failure}: files: a QualityError was mentioned"
    with pytest.raises(JobError) as caught:
        jobs(FakeGlue(script=["FAILED"], message=message)).finish("etl", "jr_1", 100)
    assert caught.value.retriable is retriable
    assert caught.value.message == (
        "Error Category: UNCLASSIFIED_ERROR; StepError: LoadError: files: a QualityError was mentioned"
    )


def test_there_is_always_a_deadline_and_the_run_does_not_outlive_it() -> None:
    clock, glue = Clock(), FakeGlue(script=["RUNNING"] * 4 + ["STOPPING", "STOPPED"])
    with pytest.raises(JobDeadlineError) as caught:
        jobs(glue, clock).finish("etl", "jr_1", 10, poll=4)
    assert str(caught.value) == f"Glue job etl, run jr_1, is RUNNING: not finished after 10 s; log: {LOG}"
    assert caught.value.retriable
    assert (clock.naps, glue.stopped, glue.script) == ([4, 4, 2, 5], ["jr_1"], ["STOPPED"])


def test_a_run_that_passed_its_deadline_and_cannot_be_stopped_is_named() -> None:
    glue = FakeGlue(script=["RUNNING"], refusal=refusal("AccessDeniedException", "BatchStopJobRun"))
    with pytest.raises(JobError) as caught:
        jobs(glue).finish("etl", "jr_1", 10)
    assert str(caught.value) == (
        "Glue job etl, run jr_1, is RUNNING: not finished after 10 s; the run may still be active, stop it yourself: "
        f"An error occurred (AccessDeniedException) when calling the BatchStopJobRun operation: no; log: {LOG}"
    )


def test_polls_that_fail_for_a_while_end_nothing() -> None:
    throttled = refusal("ThrottlingException", "GetJobRun")
    outage: list[str | Exception] = [OFFLINE, throttled] * (int(BLIND_SECONDS / 5) // 2 - 1)
    glue = FakeGlue(script=["RUNNING", *outage, "RUNNING", *outage, "SUCCEEDED"])
    assert jobs(glue).finish("etl", "jr_1", 7200).seconds == 61


def test_a_run_that_stays_out_of_sight_goes_on_for_a_retry_to_attach_to() -> None:
    clock, glue = Clock(), FakeGlue(script=["RUNNING", OFFLINE])
    with pytest.raises(JobError, match="run jr_1, is UNKNOWN: Could not connect") as caught:
        jobs(glue, clock).finish("etl", "jr_1", 7200)
    assert (caught.value.retriable, glue.stopped, clock.now) == (True, [], BLIND_SECONDS)


def test_a_run_that_glue_refuses_to_show_is_not_left_behind() -> None:
    glue = FakeGlue(script=[refusal("AccessDeniedException", "GetJobRun")])
    with pytest.raises(JobError) as caught:
        jobs(glue).finish("etl", "jr_1", 7200)
    assert str(caught.value) == (
        "Glue job etl, run jr_1, is UNKNOWN: An error occurred (AccessDeniedException) when calling the GetJobRun "
        f"operation: no; log: {LOG}"
    )
    assert (caught.value.retriable, glue.stopped) == (False, ["jr_1"])


def test_an_active_run_is_stopped_and_one_that_ended_stays_as_it_is() -> None:
    active, ended = FakeGlue(script=["RUNNING"]), FakeGlue(script=["SUCCEEDED"])
    jobs(active).stop("etl", "jr_1")
    jobs(ended).stop("etl", "jr_1")
    assert active.stopped == ["jr_1"]


@pytest.mark.parametrize(
    ("cause", "retriable"),
    [
        (refusal("EntityNotFoundException"), False),
        (refusal("AccessDeniedException"), False),
        (refusal("ConcurrentRunsExceededException"), True),
        (refusal("ThrottlingException"), True),
        (refusal("InternalServiceException", status=500), True),
        (OFFLINE, True),
        (NoCredentialsError(), False),
    ],
)
def test_a_run_that_cannot_start_is_a_job_error(cause: Exception, retriable: bool) -> None:
    with pytest.raises(JobError, match="Glue job etl, run none, is NOT STARTED: ") as caught:
        jobs(FakeGlue(refusal=cause)).start("etl", "k", {})
    assert caught.value.retriable is retriable


@pytest.mark.parametrize(
    "cause", [ReadTimeoutError(endpoint_url="https://glue"), refusal("InternalServiceException", status=500)]
)
def test_a_run_that_started_without_an_answer_is_found(cause: Exception) -> None:
    glue = FakeGlue(refusal=cause, starts_unanswered=True)
    assert jobs(glue).start("etl", "day-1", {}) == "jr_1"
    assert len(glue.runs) == 1


class SlowGlue:
    """A server that starts a run at each StartJobRun, but answers the first one too late or with an error."""

    def __init__(self, first: int) -> None:
        self.runs: list[dict[str, Any]] = []
        self.patience = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = 200, {"JobRuns": outer.runs}
                if self.headers["X-Amz-Target"].endswith(".StartJobRun"):
                    status, answer = outer.start(asked["Arguments"], first)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def start(self, arguments: dict[str, str], first: int) -> tuple[int, dict[str, Any]]:
        now = datetime.now(UTC).timestamp()
        self.runs.append(
            {"Id": f"jr_{len(self.runs)}", "JobRunState": "RUNNING", "StartedOn": now, "Arguments": arguments}
        )
        if len(self.runs) > 1:
            return 200, {"JobRunId": self.runs[-1]["Id"]}
        if first == 200:
            self.patience.wait(60)
        return first, {"__type": "InternalServiceException", "message": "no"}


@pytest.mark.parametrize("first", [200, 500])
def test_botocore_does_not_send_a_start_again(first: int) -> None:
    glue = SlowGlue(first)
    thread = threading.Thread(target=glue.server.serve_forever, daemon=True)
    thread.start()
    secret: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    config = Config(read_timeout=1, retries={"total_max_attempts": 3, "mode": "standard"})
    client = boto3.client("glue", "us-east-1", endpoint_url=glue.url, config=config, **secret)
    try:
        assert GlueJobs(client).start("etl", "day-1", {}) == "jr_0"
        assert len(glue.runs) == 1
    finally:
        glue.patience.set()
        glue.server.shutdown()
        glue.server.server_close()


class Killed(Exception):
    """Ends an attempt like a kill, at any moment at which it waits."""


class UnreliableGlue(FakeGlue):
    """A Glue that loses answers and advances runs as Hypothesis draws, and starts all that it is asked to start."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        super().__init__()
        self.draw = draw
        self.most_active = 0

    def start_job_run(self, *, JobName: str, Arguments: dict[str, str], ExecutionClass: str) -> dict[str, str]:
        fate = self.draw(st.sampled_from(["answered", "answer lost", "request lost", "refused"]))
        if fate in ("answered", "answer lost"):
            self.runs.insert(0, run(f"jr_{len(self.runs) + 1}", Arguments["--run_key"]))
            active = [job_run for job_run in self.runs if job_run["JobRunState"] not in ENDED]
            self.most_active = max(self.most_active, len(active))
        if fate == "refused":
            raise refusal("ThrottlingException")
        if fate != "answered":
            raise ReadTimeoutError(endpoint_url="https://glue")
        return {"JobRunId": self.runs[0]["Id"]}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:
        if self.draw(st.integers(0, 3)) == 0:
            raise self.draw(st.sampled_from([OFFLINE, refusal("AccessDeniedException", "GetJobRun")]))
        (job_run,) = [candidate for candidate in self.runs if candidate["Id"] == RunId]
        if job_run["JobRunState"] == "STOPPING":
            job_run["JobRunState"] = self.draw(st.sampled_from(["STOPPING", "STOPPED"]))
        elif job_run["JobRunState"] not in ENDED:
            job_run["JobRunState"] = self.draw(st.sampled_from(["RUNNING", "RUNNING", "SUCCEEDED", "FAILED"]))
        return {"JobRun": job_run}

    def batch_stop_job_run(self, *, JobName: str, JobRunIds: list[str]) -> dict[str, Any]:
        if self.draw(st.booleans()):
            raise OFFLINE
        for job_run in self.runs:
            if job_run["Id"] in JobRunIds and job_run["JobRunState"] not in ENDED:
                job_run["JobRunState"] = "STOPPING"
        return {"Errors": []}


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_fails_there_is_never_more_than_one_active_run_of_a_key(data: st.DataObject) -> None:
    glue, clock = UnreliableGlue(data.draw), Clock()

    def sleep(seconds: float) -> None:
        if data.draw(st.integers(0, 5)) == 0:
            raise Killed
        clock.sleep(seconds)

    attempts = GlueJobs(glue, sleep, clock.time)  # type: ignore[arg-type]
    for _ in range(data.draw(st.integers(1, 4))):
        with contextlib.suppress(JobError, Killed):
            attempts.finish("etl", attempts.start("etl", "day-1", {}), deadline=20)
    assert glue.most_active <= 1


def test_on_aws_the_log_is_a_link_to_the_console() -> None:
    glue = FakeGlue(endpoint="https://glue.us-east-1.amazonaws.com")
    assert jobs(glue).log_url("jr_1") == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#logsV2:log-groups/log-group/$252Faws-glue$252Fjobs$252Ferror/log-events/jr_1"
    )
