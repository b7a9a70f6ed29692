"""Requests that SQS refuses, with its texts.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html; the texts are from
recordings of AWS (localstack/localstack, tests/aws/services/sqs/test_sqs.snapshot.json).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from localaws.message_size import message_size

LONGEST_BATCH = 1_048_576
_INVALID = "InvalidParameterValue"
_IDENTIFIER = re.compile(r"[a-zA-Z0-9!-/:-@\[-`{-~]{1,128}")
_MOST_ENTRIES = 10
_ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OF_FIFO = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")


class RefusedError(ValueError):
    """A refusal: ``code`` is AWS's error code, the text its message."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def check_message(given: Mapping[str, Any], longest: int) -> None:
    """Raise RefusedError for a message that is empty or larger than ``longest`` bytes, or has an invalid identifier."""
    if not given.get("MessageBody"):
        raise RefusedError("MissingParameter", "The request must contain the parameter MessageBody.")
    if _NO_TEXT.search(given["MessageBody"]):
        raise RefusedError("InvalidMessageContents", "The message contains characters outside the allowed set.")
    for name, attribute in (given.get("MessageAttributes") or {}).items():
        if attribute.get("StringValue") == "":
            text = f"must contain a non-empty value of type '{attribute.get('DataType')}'."
            raise RefusedError(_INVALID, f"Message (user) attribute '{name}' {text}")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = given.get(name)
        if value is not None and not _IDENTIFIER.fullmatch(value):
            allowed = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise RefusedError(_INVALID, f"Value {value} for parameter {name} is invalid. Reason: {allowed}")
    if size_of(given) > longest:
        reason = f"Message must be shorter than {longest} bytes."
        raise RefusedError(_INVALID, f"One or more parameters are invalid. Reason: {reason}")


def check_ids(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise RefusedError for a batch with too many entries, or an invalid ID."""
    if len(entries) > _MOST_ENTRIES:
        text = f"Maximum number of entries per request are {_MOST_ENTRIES}. You have sent {len(entries)}."
        raise RefusedError("TooManyEntriesInBatchRequest", text)
    if not all(_ENTRY_ID.fullmatch(entry.get("Id") or "") for entry in entries):
        allowed = "A batch entry id can only contain alphanumeric characters, hyphens and underscores."
        raise RefusedError("InvalidBatchEntryId", f"{allowed} It can be at most 80 letters long.")


def check_batch(entries: Sequence[Mapping[str, Any]], *, is_fifo: bool) -> None:
    """Raise RefusedError for a batch whose total size is too large, or whose messages lack groups."""
    check_ids(entries)
    if is_fifo and not all(entry.get("MessageGroupId") for entry in entries):
        raise RefusedError(_INVALID, "The request must contain the parameter MessageGroupId.")
    size = sum(map(size_of, entries))
    if size > LONGEST_BATCH:
        text = f"Batch requests cannot be longer than {LONGEST_BATCH} bytes. You have sent {size} bytes."
        raise RefusedError("AWS.SimpleQueueService.BatchRequestTooLong", text)


def check_receive(count: int | None, wait: int | None) -> None:
    """Raise RefusedError for a number of messages or a wait in seconds that SQS does not accept."""
    if count is not None and not 1 <= count <= 10:
        reason = "Must be between 1 and 10, if provided."
        raise RefusedError(_INVALID, f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: {reason}")
    if wait is not None and not 0 <= wait <= 20:
        reason = "Must be >= 0 and <= 20, if provided."
        raise RefusedError(_INVALID, f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: {reason}")


def check_attributes(given: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
    """Raise RefusedError for invalid attributes of a queue, or if they differ from the existing queue's (``known``)."""
    is_fifo = str(given.get("FifoQueue", "")).lower() == "true"
    if "FifoQueue" in given and not is_fifo:
        raise RefusedError("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    for name in _OF_FIFO:
        if name in given and not is_fifo:
            text = f"You can specify the {name} only when FifoQueue is set to true."
            raise RefusedError("InvalidAttributeName", text if name != _OF_FIFO[0] else f"Unknown Attribute {name}.")
    for name, value in given.items() if known is not None else ():
        if known and name in known and str(known[name]).lower() != str(value).lower():
            text = f"A queue already exists with the same name and a different value for attribute {name}"
            raise RefusedError("QueueAlreadyExists", text)


def size_of(given: Mapping[str, Any]) -> int:
    """Return the size in bytes of a message with its attributes."""
    return message_size(given.get("MessageBody"), given.get("MessageAttributes"))
