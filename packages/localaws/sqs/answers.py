"""Hooks in moto's answers of SQS: refusals with AWS's texts, and no empty members where SQS leaves them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.core.serialize import BaseJSONSerializer
from moto.sqs.exceptions import QueueDoesNotExist, SQSException
from moto.sqs.responses import SQSResponse

from localaws.sqs.rules import RefusedError, check_attributes, check_batch, check_ids, check_message, check_receive

_BATCHES = ("send_message_batch", "delete_message_batch", "change_message_visibility_batch")
_NAMES = ("MessageBody", "MessageAttributes", "MessageGroupId", "MessageDeduplicationId")
# Names of error shapes for the JSON body, by the older names, which a header contains.
_SHAPES = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
    "AWS.SimpleQueueService.BatchRequestTooLong": "BatchRequestTooLong",
    "QueueAlreadyExists": "QueueNameExists",
}
Operation = Callable[[SQSResponse], ActionResult]


def install() -> None:
    """Make moto use these answers. Call this before its first request to SQS."""
    SQSResponse.send_message = _wrap_send_message(SQSResponse.send_message)
    SQSResponse.send_message_batch = _wrap_send_message_batch(SQSResponse.send_message_batch)
    SQSResponse.receive_message = _wrap_receive_message(SQSResponse.receive_message)
    SQSResponse.create_queue = _wrap_create_queue(SQSResponse.create_queue)
    for name in _BATCHES[1:]:
        setattr(SQSResponse, name, _with_ids(getattr(SQSResponse, name)))
    for name in (*_BATCHES, "list_queue_tags"):
        setattr(SQSResponse, name, _without_empty_values(getattr(SQSResponse, name)))
    BaseJSONSerializer._serialize_query_compatible_error_to_response = _named_twice(
        BaseJSONSerializer._serialize_query_compatible_error_to_response
    )


@contextmanager
def _as_sqs_exception() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        raise SQSException(error.code, str(error)) from error


def _wrap_send_message(original: Operation) -> Operation:
    def send_message(response: SQSResponse) -> ActionResult:
        queue = response.sqs_backend.get_queue(response._get_queue_name())
        with _as_sqs_exception():
            check_message({name: response._get_param(name) for name in _NAMES}, int(queue.maximum_message_size))
        return original(response)

    return send_message


def _wrap_send_message_batch(original: Operation) -> Operation:
    def send_message_batch(response: SQSResponse) -> ActionResult:
        queue, entries = response.sqs_backend.get_queue(response._get_queue_name()), response._get_param("Entries", [])
        with _as_sqs_exception():
            check_batch(entries, is_fifo=bool(queue.fifo_queue))
        failed = [failure for entry in entries if (failure := _failure(entry, int(queue.maximum_message_size)))]
        if not failed:
            return original(response)
        ids = {entry["Id"] for entry in failed}
        response.params["Entries"] = [entry for entry in entries if entry["Id"] not in ids]
        sent = cast("dict[str, Any]", original(response).result) if len(failed) < len(entries) else {}
        return ActionResult({**sent, "Failed": [*sent.get("Failed", []), *failed]})

    return send_message_batch


def _failure(entry: dict[str, Any], longest: int) -> dict[str, Any] | None:
    """Return the failure of one message of a batch, or None if SQS accepts it. The other messages are still sent."""
    try:
        check_message(entry, longest)
    except RefusedError as error:
        text = str(error).replace("parameters are invalid", "parameters cannot be validated")
        return {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": text}
    return None


def _with_ids(original: Operation) -> Operation:
    """Return an operation on a batch that checks the IDs of the entries first."""

    def answer(response: SQSResponse) -> ActionResult:
        with _as_sqs_exception():
            check_ids(response._get_param("Entries", []))
        return original(response)

    return answer


def _wrap_receive_message(original: Operation) -> Operation:
    def receive_message(response: SQSResponse) -> ActionResult:
        count, wait = (response._get_param(name) for name in ("MaxNumberOfMessages", "WaitTimeSeconds"))
        with _as_sqs_exception():
            check_receive(*(None if value is None else int(value) for value in (count, wait)))
        return original(response)

    return receive_message


def _wrap_create_queue(original: Operation) -> Operation:
    def create_queue(response: SQSResponse) -> ActionResult:
        try:
            known = response.sqs_backend.get_queue(response._get_param("QueueName")).attributes
        except QueueDoesNotExist:
            known = None
        with _as_sqs_exception():
            check_attributes(response._get_param("Attributes", {}), known)
        return original(response)

    return create_queue


def _without_empty_values(original: Operation) -> Operation:
    """Return an operation that omits empty lists of failed or successful entries, and empty tags."""

    def answer(response: SQSResponse) -> ActionResult:
        output = cast("dict[str, Any]", original(response).result)
        return ActionResult({name: value for name, value in output.items() if value})

    return answer


def _named_twice(original: Callable[..., None]) -> Callable[..., None]:
    """Return a serializer that names an error by its shape in the body; a header has the older name."""

    def serialize(serializer: Any, resp: Any, shape: Any) -> None:
        original(serializer, resp, shape)
        if serializer.service_model.service_name == "sqs" and shape.error_code in _SHAPES:
            name = shape.error_code
            resp["body"] = resp["body"].replace(f'{name}"', f'{_SHAPES[name]}"', 1)

    return serialize
