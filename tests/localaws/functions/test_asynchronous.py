"""Asynchronous invocations: retries, dead-letter queues, destinations, and a server that is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from localaws.running import Running, launch, running, wait_until_ready

COUNTING = """
    import pathlib
    def handler(event, context):
        with pathlib.Path(event["file"]).open("a") as file:
            file.write(context.aws_request_id + "\\n")
        if event.get("fail"):
            raise ValueError("no")
        return {"done": True}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_LAMBDA_MINUTE", "0")
        with running() as started:
            yield started


@pytest.fixture(scope="module")
def functions(server: Running, functions_of: Any) -> Any:
    return functions_of(server)


class Queue:
    def __init__(self, server: Running, name: str) -> None:
        self._sqs = server.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def next(self, seconds: float = 20) -> dict[str, Any]:
        """The next message, once it is there; it is deleted."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self._sqs.receive_message(QueueUrl=self._url, MessageAttributeNames=["All"])
            for message in answer.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                return dict(message)
            time.sleep(0.05)
        raise TimeoutError(self.arn)


def send(functions: Any, name: str, event: dict[str, Any]) -> str:
    answer = functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    return str(answer["ResponseMetadata"]["RequestId"])


def test_a_failed_event_is_tried_three_times_and_told_to_both_ends(
    server: Running, functions: Any, tmp_path: Path
) -> None:
    dead, failed = Queue(server, "dead"), Queue(server, "failed")
    name = functions.create(COUNTING, DeadLetterConfig={"TargetArn": dead.arn})
    config = {"OnFailure": {"Destination": failed.arn}}
    functions.client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=config)
    event = {"file": str(tmp_path / "calls"), "fail": True}
    send(functions, name, event)
    letter = dead.next()
    record = json.loads(failed.next()["Body"])
    request_ids = (tmp_path / "calls").read_text().split()
    assert len(request_ids) == 3
    assert len(set(request_ids)) == 1
    assert json.loads(letter["Body"]) == event
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes == {"RequestID": request_ids[0], "ErrorCode": "200", "ErrorMessage": "no"}
    assert record["requestContext"] == {
        "requestId": request_ids[0],
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == event
    assert record["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
    }  # fmt: skip
    assert record["responsePayload"]["errorMessage"] == "no"


def test_success_goes_on_to_another_function(server: Running, functions: Any, tmp_path: Path) -> None:
    code = """
        import json, pathlib
        def handler(event, context):
            pathlib.Path(event["requestPayload"]["next"]).write_text(json.dumps(event))
    """
    second = functions.create(code)
    first = functions.create(COUNTING)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{second}"
    functions.client.put_function_event_invoke_config(
        FunctionName=first, MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    told = tmp_path / "told"
    send(functions, first, {"file": str(tmp_path / "calls"), "next": str(told)})
    deadline = time.monotonic() + 20
    while not told.exists() or not told.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    record = json.loads(told.read_text())
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == {"done": True}


def test_an_event_survives_a_killed_server_and_no_process_does(functions_of: Any, tmp_path: Path) -> None:
    home, calls = tmp_path / "home", tmp_path / "calls"
    sleeping = """
        import os, pathlib, subprocess, time
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            with pathlib.Path(event["file"]).open("a") as file:
                file.write(f"{os.getpid()} {child.pid} ")
            time.sleep(event["seconds"])
            child.kill()
    """
    server = launch(home, "--port=0", "--warm=0")
    record = wait_until_ready(server, home)
    functions = functions_of(Running(record.endpoint, record.region, home, record.pid))
    name = functions.create(sleeping)
    functions.client.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"file": str(calls), "seconds": 3})
    )
    deadline = time.monotonic() + 20
    while not calls.exists() or len(calls.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pids = [int(pid) for pid in calls.read_text().split()]
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert not alive
    with running(home):
        deadline = time.monotonic() + 20
        while len(calls.read_text().split()) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.05)
