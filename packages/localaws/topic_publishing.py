"""Hooks in moto's SNS around publishing: refusals, and deduplication and sequence numbers of FIFO topics."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sns.exceptions import (
    BatchEntryIdsNotDistinct,
    SNSException,
    SNSInvalidParameter,
    TooManyEntriesInBatchRequest,
    TopicNotFound,
)
from moto.sns.models import Topic
from moto.sns.responses import SNSResponse

from localaws.events.publish_rules import check_batch, check_fifo, check_message
from localaws.events.topic_rules import TopicError, check_topic

# https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
DEDUPLICATION_SECONDS = 300.0
_MOST_ENTRIES = 10
_NAMES = ("Message", "Subject", "MessageStructure", "MessageAttributes", "MessageGroupId", "MessageDeduplicationId")
_lock = threading.Lock()


def install() -> None:
    """Make moto call these hooks. Call this before its first request to SNS."""
    SNSResponse.publish = _wrap_publish(SNSResponse.publish)
    SNSResponse.publish_batch = _wrap_publish_batch(SNSResponse.publish_batch)
    Topic.publish = publish_to


def publish_to(topic: Any, message: str, **given: Any) -> str:
    """Send a message to every subscription of a topic. A FIFO topic drops duplicates within five minutes."""
    message_id = str(uuid.uuid4())
    if topic.fifo_topic:
        given["deduplication_id"] = given.get("deduplication_id") or hashlib.sha256(message.encode()).hexdigest()
        with _lock:
            known = _recent(topic)
            if earlier := known.get(given["deduplication_id"]):
                return earlier[1]
            last = max((int(number) for *_, number in known.values()), default=0)
            given["sequence_number"] = f"{max(last + 1, time.time_ns()):020d}"
            known[given["deduplication_id"]] = (time.time(), message_id, given["sequence_number"])
    for subscription in list(topic.sns_backend.subscriptions.values()):
        if subscription.topic == topic:
            subscription.publish(message, message_id, **given)
    return message_id


def _recent(topic: Any) -> dict[str, tuple[float, str, str]]:
    """Return the messages of the last five minutes by deduplication ID: time, message ID and sequence number."""
    known: dict[str, tuple[float, str, str]] = vars(topic).setdefault("recent_messages", {})
    oldest = time.time() - DEDUPLICATION_SECONDS
    for name in [name for name, (sent, *_) in known.items() if sent < oldest]:
        del known[name]
    return known


def _wrap_publish(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def publish(response: Any) -> ActionResult:
        given = {name: response._get_param(name) for name in _NAMES}
        arn, target = response._get_param("TopicArn"), response._get_param("TargetArn")
        try:
            if arn is not None:
                check_topic(arn, response.region)
            check_message(given)
            topic = _topic(response.backend, arn if arn is not None else target)
            if topic is not None and topic.fifo_topic:
                check_fifo(given, by_content=bool(topic.content_based_deduplication))
        except TopicError as error:
            raise _refusal(error) from error
        if topic is None and arn is not None and arn not in response.backend.platform_endpoints:
            raise TopicNotFound
        if topic is None and target is not None and target not in response.backend.platform_endpoints:
            text = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
            raise SNSInvalidParameter(text)
        answer = cast("dict[str, Any]", original(response).result)
        return ActionResult(_numbered(topic, answer))

    return publish


def _wrap_publish_batch(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def publish_batch(response: Any) -> ActionResult:
        arn, entries = response._get_param("TopicArn"), response._get_param("PublishBatchRequestEntries", [])
        try:
            check_topic(arn, response.region)
            topic = _topic(response.backend, arn)
            if topic is None:
                raise TopicNotFound
            if len(entries) > _MOST_ENTRIES:
                raise TooManyEntriesInBatchRequest
            if len({entry["Id"] for entry in entries}) < len(entries):
                raise BatchEntryIdsNotDistinct
            check_batch(entries)
            for entry in entries if topic.fifo_topic else []:
                check_fifo(entry, by_content=bool(topic.content_based_deduplication))
        except TopicError as error:
            raise _refusal(error) from error
        answer = cast("dict[str, Any]", original(response).result)
        return ActionResult(
            {**answer, "Successful": [_numbered(topic, published) for published in answer["Successful"]]}
        )

    return publish_batch


def _topic(backend: Any, arn: str | None) -> Any:
    """Return the topic with this ARN, or None if it does not exist."""
    return backend.topics.get(arn) if arn else None


def _numbered(topic: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer for a message, with the sequence number that a FIFO topic assigned."""
    if topic is None or not topic.fifo_topic:
        return answer
    numbers = {message_id: number for _, message_id, number in list(_recent(topic).values())}
    return {**answer, "SequenceNumber": numbers.get(answer["MessageId"])}


def _refusal(error: TopicError) -> SNSException:
    return SNSException(error.code, str(error))
