"""Destinations of events: functions, queues, topics, streams, buses, log groups."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, UnknownServiceError

from localaws.events.outbox import Message, UndeliverableError
from localaws.functions.asynchronous import Asynchronous
from localaws.functions.delivery import Delivery
from localaws.functions.errors import LambdaError
from localaws.sqs import QueueProducer

# Error codes after which a retry may succeed.
_TRANSIENT = (
    "Throttling",
    "TooManyRequests",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalError",
    "RequestTimeout",
)


class Targets:
    """Delivers messages to the service of the destination's ARN.

    ``content`` has ``body``, a text, and fields for some services: ``group`` and ``attributes`` for a queue,
    ``subject`` for a topic, ``key`` for a stream.
    """

    def __init__(self, delivery: Delivery, asynchronous: Asynchronous, queues: QueueProducer) -> None:
        self._delivery = delivery
        self._asynchronous = asynchronous
        self._queues = queues

    def send(self, message: Message) -> None:
        """Deliver a message. Raises UndeliverableError, or another error if a retry may succeed."""
        service = message.lane.split(":")[2]
        if service not in SERVICES:
            raise UndeliverableError(f"localaws does not deliver to {service}")
        try:
            SERVICES[service](self, message.lane, message.content)
        except (ParamValidationError, UnknownServiceError, json.JSONDecodeError) as error:
            raise UndeliverableError(str(error)) from error
        except LambdaError as error:
            raise UndeliverableError(error.message) from error
        except ClientError as error:
            if error.response["Error"]["Code"].startswith(_TRANSIENT):
                raise
            raise UndeliverableError(str(error)) from error

    def send_together(self, messages: Sequence[Message]) -> set[int]:
        """Deliver messages to one destination in as few calls as possible, if it accepts several per call; return the
        indexes of those it accepted.

        No call follows one that failed, to keep the order. Raises nothing: the other messages are then sent one by one,
        which raises the error.
        """
        arn, taken = messages[0].lane, set[int]()
        service = "" if arn.endswith(".fifo") else arn.split(":")[2]
        if service not in _TOGETHER:
            return taken
        send, size = _TOGETHER[service]
        for start in range(0, len(messages), size):
            some = messages[start : start + size]
            try:
                accepted = send(self, arn, [message.content for message in some])
            except (BotoCoreError, ClientError):
                return taken
            taken |= {start + at for at in accepted}
            if len(accepted) < len(some):
                return taken
        return taken

    def _to_function(self, arn: str, content: dict[str, Any]) -> None:
        self._asynchronous.enqueue(arn, content["body"].encode())

    def _to_queue(self, arn: str, content: dict[str, Any]) -> None:
        if not (_is_plain(arn, content) and self._queues.send(arn, [_plain(content)])):
            self._delivery.send(arn, content["body"], _attributes(content), _options(content))

    def _all_to_queue(self, arn: str, contents: Sequence[dict[str, Any]]) -> set[int]:
        if all(_is_plain(arn, content) for content in contents):
            return {*range(self._queues.send(arn, [*map(_plain, contents)]))}
        sent = [(content["body"], _attributes(content), _options(content)) for content in contents]
        return self._delivery.send_batch(arn, sent)

    def _to_topic(self, arn: str, content: dict[str, Any]) -> None:
        client = self._delivery.client("sns", arn.split(":")[3])
        subject = {"Subject": content["subject"]} if content.get("subject") else {}
        client.publish(TopicArn=arn, Message=content["body"], **subject)

    def _to_stream(self, arn: str, content: dict[str, Any]) -> None:
        client = self._delivery.client("kinesis", arn.split(":")[3])
        client.put_record(StreamARN=arn, **_record(content))

    def _all_to_stream(self, arn: str, contents: Sequence[dict[str, Any]]) -> set[int]:
        client = self._delivery.client("kinesis", arn.split(":")[3])
        answers = client.put_records(StreamARN=arn, Records=[*map(_record, contents)])["Records"]
        return {at for at, answer in enumerate(answers) if "ErrorCode" not in answer}

    def _to_bus(self, arn: str, content: dict[str, Any]) -> None:
        if "event" not in content:
            raise UndeliverableError("an event bus needs the target's EventBridgeParameters")
        event = content["event"]
        entry = {
            "Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"], "EventBusName": arn.rpartition("/")[2],
        }  # fmt: skip
        self._delivery.client("events", arn.split(":")[3]).put_events(Entries=[entry])

    def _to_operation(self, arn: str, content: dict[str, Any]) -> None:
        """Call the operation of a universal target of Scheduler, with the input as its parameters."""
        service, operation = content["call"]
        client = self._delivery.client(service, content["region"])
        call = getattr(client, xform_name(operation[0].upper() + operation[1:]), None)
        if call is None:
            raise UndeliverableError(f"{service} has no operation {operation}")
        call(**json.loads(content["body"]))

    def _to_bucket(self, arn: str, content: dict[str, Any]) -> None:
        self._delivery.put_object(arn, content["region"], content["key"], content["document"])

    def _to_log_group(self, arn: str, content: dict[str, Any]) -> None:
        client = self._delivery.client("logs", arn.split(":")[3])
        group, stream = arn.split(":")[6], str(uuid.uuid4())
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": content["body"]}
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


SERVICES: Mapping[str, Callable[[Targets, str, dict[str, Any]], None]] = {
    "lambda": Targets._to_function,
    "sqs": Targets._to_queue,
    "sns": Targets._to_topic,
    "kinesis": Targets._to_stream,
    "events": Targets._to_bus,
    "logs": Targets._to_log_group,
    "s3": Targets._to_bucket,
    "scheduler": Targets._to_operation,
}
_TOGETHER: Mapping[str, tuple[Callable[[Targets, str, Sequence[dict[str, Any]]], set[int]], int]] = {
    "sqs": (Targets._all_to_queue, 10),
    "kinesis": (Targets._all_to_stream, 500),
}
"""Services that accept several messages per call, each with the greatest number that AWS allows."""


def _record(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of a stream."""
    return {"Data": content["body"].encode(), "PartitionKey": content.get("key") or str(uuid.uuid4())}


def _attributes(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the attributes of a message."""
    return {name: _with_bytes(value) for name, value in (content.get("attributes") or {}).items()}


def _with_bytes(attribute: dict[str, str]) -> dict[str, Any]:
    """Return an attribute of a message, with binary values decoded from the base64 of the outbox."""
    return {name: base64.b64decode(value) if name == "BinaryValue" else value for name, value in attribute.items()}


def _is_plain(arn: str, content: Mapping[str, Any]) -> bool:
    """Return whether a message can be sent without a request."""
    return not (content.get("attributes") or content.get("deduplication") or arn.endswith(".fifo"))


def _plain(content: Mapping[str, Any]) -> tuple[str, str | None]:
    return content["body"], content.get("group") or None


def _options(content: Mapping[str, Any]) -> dict[str, str]:
    named = {"MessageGroupId": content.get("group"), "MessageDeduplicationId": content.get("deduplication")}
    return {name: value for name, value in named.items() if value}


def as_text(document: Any) -> str:
    """Return a JSON document as text without spaces."""
    return json.dumps(document, separators=(",", ":"))
