"""Results of asynchronous invocations: dead-letter queues, and destinations on success and failure."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.functions.delivery import Delivery
from localaws.functions.errors import LambdaError
from localaws.functions.names import split
from localaws.functions.runner import Result

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ending:
    """The end of an asynchronous event: ``condition`` is Success, RetriesExhausted or EventAgeExceeded."""

    function: str
    condition: str
    calls: int
    payload: bytes
    result: Result | None
    request_id: str


class Destinations:
    """Sends records to destinations; ``enqueue`` invokes a function asynchronously, by ARN."""

    def __init__(self, delivery: Delivery, enqueue: Callable[[str, bytes], str]) -> None:
        self._delivery = delivery
        self._enqueue = enqueue

    def record(self, arn: str, ending: Ending) -> None:
        """Send the record of an ending to a destination. A failure is only logged, because no caller waits for it."""
        region = ending.function.split(":")[3]
        document = _document(ending)
        try:
            service = arn.split(":")[2]
            if service in ("sqs", "sns"):
                self._delivery.send(arn, json.dumps(document))
            elif service == "lambda":
                self._enqueue(arn, json.dumps(document).encode())
            elif service == "events":
                kind = "Success" if ending.condition == "Success" else "Failure"
                detail_type = f"Lambda Function Invocation Result - {kind}"
                self._delivery.put_event(arn, "lambda", detail_type, json.dumps(document), [_qualified(ending)])
            else:
                self._delivery.put_object(arn, region, _key(ending), document)
        except (BotoCoreError, ClientError, LambdaError) as error:
            _log.warning("destination %s of %s: %s", arn, ending.function, error)

    def dead_letter(self, arn: str, ending: Ending) -> None:
        """Send the event itself to a dead-letter queue or topic."""
        answer = _parsed(ending.result.payload) if ending.result else {"errorMessage": "Rate Exceeded."}
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": ending.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200" if ending.result else "429"},
        }
        if message := str((answer or {}).get("errorMessage") or ""):  # an attribute cannot be empty
            attributes["ErrorMessage"] = {"DataType": "String", "StringValue": message[:1024]}
        try:
            self._delivery.send(arn, ending.payload.decode(), attributes)
        except (BotoCoreError, ClientError) as error:
            _log.warning("dead-letter queue %s of %s: %s", arn, ending.function, error)


def _document(ending: Ending) -> dict[str, Any]:
    """Return the record of https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    document: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": _qualified(ending),
            "condition": ending.condition,
            "approximateInvokeCount": ending.calls,
        },
        "requestPayload": _parsed(ending.payload),
    }
    if ending.result:
        error = {"functionError": ending.result.function_error} if ending.result.function_error else {}
        document["responseContext"] = {"statusCode": 200, "executedVersion": ending.result.version, **error}
        document["responsePayload"] = _parsed(ending.result.payload)
    return document


def _qualified(ending: Ending) -> str:
    ref = split(ending.function)
    return ref.qualified if ref.qualifier else f"{ref.arn}:$LATEST"


def _key(ending: Ending) -> str:
    now = datetime.now(UTC)
    name = split(ending.function).name
    stamp = f"{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
    return f"aws/lambda/async/{name}/{now:%Y/%m/%d}/{stamp}"


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")
