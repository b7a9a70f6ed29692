"""Validation of topics and subscriptions of SNS, with AWS's error texts.

https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html and the pages beside it; the texts are from
recordings of AWS (localstack/localstack, tests/aws/services/sns/test_sns.snapshot.json).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

INVALID = "InvalidParameter"
PAGE = 100
PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")
# Attributes of a topic that SetTopicAttributes takes; FifoTopic is CreateTopic's alone.
_FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
TOPIC_ATTRIBUTES = (
    "DeliveryPolicy", "DisplayName", "Policy", "TracingConfig", "KmsMasterKeyId", "SignatureVersion",
    "ContentBasedDeduplication", "ArchivePolicy", "FifoThroughputScope",
    *(f"{protocol}{name}" for protocol in ("HTTP", "Firehose", "Lambda", "Application", "SQS") for name in _FEEDBACK),
)  # fmt: skip
SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn",
)  # fmt: skip
# Defaults, with which a repeated CreateTopic or Subscribe is compared.
_DEFAULTS = {
    "FifoTopic": "false", "ContentBasedDeduplication": "false", "SignatureVersion": "1", "TracingConfig": "PassThrough",
    "RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes",
}  # fmt: skip
_JSON = ("Policy", "DeliveryPolicy", "ArchivePolicy", "FilterPolicy", "RedrivePolicy")
# The delivery policy of a topic that has none of its own.
_DELIVERY = {
    "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
    },
    "disableSubscriptionOverrides": False,
    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
}  # fmt: skip
_NAME, _FIFO_NAME = re.compile(r"[a-zA-Z0-9_-]{1,256}"), re.compile(r"[a-zA-Z0-9_-]{1,251}\.fifo")
_QUEUE = re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:[^:]+")
_DEAD_LETTERS = re.compile(r"arn:[^:]+:sqs:[^:]*:\d{12}:[^:]+")
_TOKEN = re.compile(r"[0-9a-f]{288}")


class TopicError(ValueError):
    """A refusal: ``code`` is AWS's error code, the text its message."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def invalid(text: str) -> TopicError:
    """Return the error for an invalid parameter."""
    return TopicError(INVALID, f"Invalid parameter: {text}")


def check_arn(arn: str | None, parameter: str) -> list[str]:
    """Return the elements of an ARN; raise TopicError for an invalid one."""
    if arn is None:
        raise invalid(f"{parameter} Reason: no value for required parameter")
    elements = arn.split(":")
    if len(elements) < 6:
        raise invalid(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(elements)}")
    return elements


def check_topic(arn: str | None, region: str) -> None:
    """Raise TopicError for an invalid ARN, or an ARN of another region."""
    if check_arn(arn, "TopicArn")[3] != region:
        raise invalid("TopicArn")


def check_subscription(arn: str | None) -> None:
    """Raise TopicError unless it is the ARN of a subscription: that of its topic, and an ID."""
    if len(check_arn(arn, "SubscriptionArn")) < 7:
        raise invalid("SubscriptionId")


def check_name(name: str, *, is_fifo: bool) -> None:
    """Raise TopicError for an invalid name. Names of FIFO topics, and no others, end in ``.fifo``."""
    if not (_FIFO_NAME if is_fifo else _NAME).fullmatch(name):
        raise invalid("Topic Name")


def check_tags(keys: Sequence[str]) -> None:
    """Raise TopicError if two tags have the same key."""
    if len(set(keys)) < len(keys):
        raise invalid("Duplicated keys are not allowed.")


def check_attribute(name: str, allowed: Collection[str], place: str = "") -> None:
    """Raise TopicError for an unknown attribute; ``place`` precedes its name in the error text."""
    if name not in allowed:
        raise invalid(f"{place}AttributeName")


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Raise TopicError for an unknown protocol, or an SQS endpoint that is not the ARN of a queue."""
    if protocol not in PROTOCOLS:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "sqs" and not _QUEUE.fullmatch(endpoint):
        raise invalid("SQS endpoint ARN")


def check_raw(value: str | None, place: str = "") -> None:
    """Raise TopicError for a RawMessageDelivery that is neither true nor false."""
    if value is not None and value.lower() not in ("true", "false"):
        raise invalid(f"{place}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")


def check_token(token: str) -> NoReturn:
    """Raise TopicError: localaws sends no tokens that confirm a subscription, so every token is wrong."""
    raise invalid("Token") if _TOKEN.fullmatch(token) else TopicError(INVALID, "Invalid token")


def dead_letter_queue(policy: str, place: str = "") -> str:
    """Return the ARN in a RedrivePolicy, or an empty text; raise TopicError for an invalid policy."""
    document = parsed(policy, f"{place}RedrivePolicy") if policy else {}
    arn = str(document.get("deadLetterTargetArn") or "")
    if arn and not _DEAD_LETTERS.fullmatch(arn):
        raise invalid(f"{place}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return arn


def parsed(text: str, name: str) -> dict[str, Any]:
    """Parse the JSON object in an attribute; raise TopicError if it is not one."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid(f"{name}: failed to parse JSON. {error}") from error
    if not isinstance(document, dict):
        raise invalid(f"{name}: failed to parse JSON. It is not an object")
    return document


def differs(stored: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Return whether a repeated request has other attributes than the stored ones; missing ones do not differ."""
    return any(_comparable(name, value) != _comparable(name, stored.get(name)) for name, value in given.items())


def delivery_policies(text: str) -> tuple[str, str]:
    """Return a topic's delivery policy as AWS returns it (empty if unset), and the effective one."""
    given = {name: value for name, value in (json.loads(text).get("http") or {}).items() if value} if text else {}
    shown = {"disableSubscriptionOverrides": False, **given}
    acting = {**given, **{name: _completed(default, given.get(name)) for name, default in _DELIVERY.items()}}
    return json.dumps({"http": shown}) if text else "", json.dumps({"http": acting})


def page(arns: Collection[str], token: str | None) -> tuple[list[str], str | None]:
    """Return up to :data:`PAGE` ARNs, sorted, after the one that the token names, and the token of the next page.

    Raises TopicError for an invalid token.
    """
    last = ""
    if token:
        try:
            last = base64.b64decode(token, validate=True).decode()
        except ValueError as error:
            raise invalid("NextToken") from error
    rest = sorted(arn for arn in arns if arn > last)
    listed = rest[:PAGE]
    return listed, base64.b64encode(listed[-1].encode()).decode() if len(rest) > PAGE else None


def _completed(default: Any, value: Any) -> Any:
    if isinstance(default, dict):
        return {**default, **(value or {})}
    return default if value is None else value


def _comparable(name: str, value: str | None) -> Any:
    text = value or _DEFAULTS.get(name, "")
    if name in _JSON:
        document = json.loads(text) if text else None
        is_of_topic = name == "DeliveryPolicy" and document and "http" in document
        return json.loads(delivery_policies(text)[0]) if is_of_topic else document
    return text.lower() if text.lower() in ("true", "false") else text
