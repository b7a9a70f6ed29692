"""Messages that SNS refuses, with its texts: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.

The texts are from recordings of AWS (localstack/localstack, tests/aws/services/sns/test_sns.snapshot.json).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from localaws.events.topic_rules import INVALID, TopicError
from localaws.message_size import message_size

LIMIT = 262_144
_VALUE = "ParameterValueInvalid"
_LONGEST_NAME, _LONGEST_ID = 256, 80
_KIND = re.compile(r"(String|Number|Binary)(\..+)?")


def check_message(given: Mapping[str, Any], place: str = "") -> None:
    """Raise TopicError for an invalid message; ``place`` is its place in a batch, for the error text."""
    for name, attribute in (given.get("MessageAttributes") or {}).items():
        _check_name(name)
        _check_attribute(name, attribute, place)
    if not given.get("Message"):
        raise TopicError(INVALID, "Invalid parameter: Empty message")
    if given.get("Subject") == "":
        raise TopicError(INVALID, "Invalid parameter: Subject")
    if given.get("MessageStructure") == "json":
        _check_structure(given["Message"])
    if not place and size_of(given) > LIMIT:
        raise TopicError(INVALID, "Invalid parameter: Message too long")


def check_fifo(given: Mapping[str, Any], *, by_content: bool) -> None:
    """Raise TopicError for an invalid message to a FIFO topic, which deduplicates by content or by the given ID."""
    if not given.get("MessageGroupId"):
        raise TopicError(INVALID, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
    if not by_content and not given.get("MessageDeduplicationId"):
        either = "ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        raise TopicError(INVALID, f"Invalid parameter: The topic should either have {either}")


def check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise TopicError for a batch if SNS refuses its IDs, its size or one of its messages."""
    for entry in entries:
        start = "The Id of a batch entry in the batch request"
        if len(entry["Id"]) > _LONGEST_ID:
            raise TopicError("InvalidBatchEntryId", f"{start} is too long: {entry['Id']}")
        if not re.fullmatch(r"[\w-]*", entry["Id"], re.ASCII):
            raise TopicError("InvalidBatchEntryId", f"{start} contains an impermissible character: {entry['Id']}")
    if sum(map(size_of, entries)) > LIMIT:
        text = "The length of all the messages put together is more than the limit."
        raise TopicError("BatchRequestTooLong", text)
    for number, entry in enumerate(entries, 1):
        check_message(entry, f"publishBatchRequestEntries.{number}.member.")


def size_of(given: Mapping[str, Any]) -> int:
    """Return the size in bytes of a message with its attributes."""
    return message_size(given.get("Message"), given.get("MessageAttributes"))


def _check_structure(message: str) -> None:
    start = "Invalid parameter: Message Structure - "
    try:
        parsed = json.loads(message)
    except ValueError as error:
        raise TopicError(INVALID, f"{start}JSON message body failed to parse") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("default"), str):
        raise TopicError(INVALID, f"{start}No default entry in JSON message body")


def _check_name(name: str) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise TopicError(_VALUE, f"Length of message attribute name must be less than {_LONGEST_NAME} bytes.")
    if match := re.search(r"[^a-zA-Z0-9_.-]", name):
        allowed = "Can only include alphanumeric characters, hyphens, underscores, or dots."
        text = f"Invalid non-alphanumeric character '#x{ord(match[0]):X}' was found in the message attribute name."
        raise TopicError(_VALUE, f"{text} {allowed}")
    for is_wrong, where in ((name.startswith("."), "starting"), (name.endswith("."), "ending")):
        if is_wrong:
            raise TopicError(_VALUE, f"Invalid message attribute name {where} with character '.' was found.")
    if ".." in name:
        raise TopicError(_VALUE, "Message attribute name can not have successive '.' character.")


def _check_attribute(name: str, attribute: Mapping[str, Any], place: str) -> None:
    kind = attribute.get("DataType")
    if kind is None:
        where = f"{place}messageAttributes.{name}.member.dataType"
        text = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
        raise TopicError("ValidationError", f"1 validation error detected: {text}")
    start = f"The message attribute '{name}'"
    if not _KIND.fullmatch(kind):
        allowed = "the set of supported type prefixes is Binary, Number, and String."
        raise TopicError(_VALUE, f"{start} has an invalid message attribute type, {allowed}")
    field = "Binary" if kind.startswith("Binary") else "String"
    other = "StringValue" if field == "Binary" else "BinaryValue"
    if attribute.get(other):
        raise TopicError(_VALUE, f"{start} with type '{kind}' must use field '{field}'.")
    if not attribute.get(f"{field}Value"):
        needed = f"must contain non-empty message attribute value for message attribute type '{kind}'."
        raise TopicError(_VALUE, f"{start} {needed}")
