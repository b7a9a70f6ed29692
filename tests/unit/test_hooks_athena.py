"""AthenaQueries with a fake of the AWS calls that it uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estrela.errors import AthenaQueryError
from estrela.hooks.athena import AthenaQueries


def refusal(code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(answer, "StartQueryExecution")


@dataclass
class FakeAthena:
    """A query whose states are scripted; the last one stays."""

    script: list[str] = field(default_factory=lambda: ["SUCCEEDED"])
    status: dict[str, Any] = field(default_factory=dict)
    refusal: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def start_query_execution(self, **arguments: Any) -> dict[str, str]:
        if self.refusal:
            raise self.refusal
        self.asked.append(arguments)
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        state = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return {"QueryExecution": {"QueryExecutionId": QueryExecutionId, "Status": {"State": state, **self.status}}}

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:
        self.stopped.append(QueryExecutionId)


class Clock:
    """A clock that advances only while the code sleeps."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def time(self) -> float:
        return self.now


def queries(athena: FakeAthena, **options: Any) -> AthenaQueries:
    clock = Clock()
    return AthenaQueries(athena, sleep=clock.sleep, clock=clock.time, **options)  # type: ignore[arg-type]


def test_a_query_is_waited_for() -> None:
    athena = FakeAthena(["QUEUED", "RUNNING", "SUCCEEDED"])
    assert queries(athena, workgroup="analysts").run("SELECT 1")["QueryExecutionId"] == "q1"
    assert athena.asked == [{"QueryString": "SELECT 1", "WorkGroup": "analysts"}]
    queries(athena, output="s3://lake/athena/").run("SELECT 2")
    assert athena.asked[1]["ResultConfiguration"] == {"OutputLocation": "s3://lake/athena/"}


@pytest.mark.parametrize(
    ("athena", "message", "retriable"),
    [
        (FakeAthena(["FAILED"], {"StateChangeReason": "line 1:8: no column x"}),
         "Athena query q1: ended with FAILED: line 1:8: no column x", False),
        (FakeAthena(["FAILED"], {"AthenaError": {"Retryable": True}}),
         "Athena query q1: ended with FAILED: no reason given", True),
        (FakeAthena(["RUNNING", "CANCELLED"]), "Athena query q1: ended with CANCELLED: no reason given", False),
        (FakeAthena(refusal=refusal("InvalidRequestException")),
         "Athena query not started: An error occurred (InvalidRequestException) when calling the StartQueryExecution "
         "operation: no", False),
        (FakeAthena(refusal=refusal("TooManyRequestsException")),
         "Athena query not started: An error occurred (TooManyRequestsException) when calling the StartQueryExecution "
         "operation: no", True),
    ],
)  # fmt: skip
def test_a_query_that_fails_says_why_and_whether_a_retry_may_help(
    athena: FakeAthena, message: str, retriable: bool
) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        queries(athena).run("SELECT x")
    assert (str(caught.value), caught.value.retriable) == (message, retriable)


def test_a_query_does_not_outlive_its_deadline() -> None:
    athena = FakeAthena(["RUNNING"])
    with pytest.raises(AthenaQueryError) as caught:
        queries(athena, deadline=10).run("SELECT 1")
    assert str(caught.value) == "Athena query q1: was stopped because it had not finished after 10 s"
    assert (caught.value.retriable, athena.stopped) == (True, ["q1"])
