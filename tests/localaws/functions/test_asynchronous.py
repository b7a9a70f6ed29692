"""Asynchronous invocations: retries, dead-letter queues, destinations."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from localaws.running import Running

COUNTING = """
    import pathlib
    def handler(event, context):
        with pathlib.Path(event["file"]).open("a") as file:
            file.write(context.aws_request_id + "\\n")
        if event.get("fail"):
            raise ValueError("no")
        return {"done": True}
"""


class Queue:
    def __init__(self, server: Running, name: str) -> None:
        self._sqs = server.client("sqs")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def next(self, seconds: float = 20) -> dict[str, Any]:
        """Wait for the next message, delete it and return it."""
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


def test_a_failed_event_is_tried_three_times_and_sent_to_both_destinations(
    aws: Running, functions: Any, exchange: Path
) -> None:
    dead, failed = Queue(aws, "dead-events"), Queue(aws, "failed-events")
    name = functions.create(COUNTING, DeadLetterConfig={"TargetArn": dead.arn})
    config = {"OnFailure": {"Destination": failed.arn}}
    functions.client.put_function_event_invoke_config(FunctionName=name, DestinationConfig=config)
    event = {"file": str(exchange / "calls"), "fail": True}
    send(functions, name, event)
    letter = dead.next()
    record = json.loads(failed.next()["Body"])
    request_ids = (exchange / "calls").read_text().split()
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


def test_success_goes_on_to_another_function(functions: Any, exchange: Path) -> None:
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
    event_file = exchange / "told"
    send(functions, first, {"file": str(exchange / "calls"), "next": str(event_file)})
    deadline = time.monotonic() + 20
    while not event_file.exists() or not event_file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    record = json.loads(event_file.read_text())
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == {"done": True}
