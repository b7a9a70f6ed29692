"""Rules of SNS for topics and subscriptions, with AWS's texts for what breaks them.

https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html and the pages beside it; the texts are those of AWS's
recordings (localstack/localstack, tests/aws/services/sns/test_sns.snapshot.json).
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
# Values of what was never set, as a repeated CreateTopic or Subscribe compares them.
_DEFAULTS = {
    "FifoTopic": "false", "ContentBasedDeduplication": "false", "SignatureVersion": "1", "TracingConfig": "PassThrough",
    "RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes",
}  # fmt: skip
_JSON = ("Policy", "DeliveryPolicy", "ArchivePolicy", "FilterPolicy", "RedrivePolicy")
# A topic without a policy of its own delivers by it.
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
    """A refusal: ``code`` is AWS's, the text is its message."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def invalid(text: str) -> TopicError:
    """The refusal of a parameter."""
    return TopicError(INVALID, f"Invalid parameter: {text}")


def check_arn(arn: str | None, parameter: str) -> list[str]:
    """Return the elements of an ARN; raises TopicError for what is none."""
    if arn is None:
        raise invalid(f"{parameter} Reason: no value for required parameter")
    elements = arn.split(":")
    if len(elements) < 6:
        raise invalid(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(elements)}")
    return elements


def check_topic(arn: str | None, region: str) -> None:
    """Raise TopicError for what is no ARN, or one of another region."""
    if check_arn(arn, "TopicArn")[3] != region:
        raise invalid("TopicArn")


def check_subscription(arn: str | None) -> None:
    """Raise TopicError for what is no ARN of a subscription, which has an ID after its topic's."""
    if len(check_arn(arn, "SubscriptionArn")) < 7:
        raise invalid("SubscriptionId")


def check_name(name: str, *, is_fifo: bool) -> None:
    """Raise TopicError for a name that a topic cannot have; that of a FIFO topic, and no other, ends in ``.fifo``."""
    if not (_FIFO_NAME if is_fifo else _NAME).fullmatch(name):
        raise invalid("Topic Name")


def check_tags(keys: Sequence[str]) -> None:
    """Raise TopicError for tags of the same key."""
    if len(set(keys)) < len(keys):
        raise invalid("Duplicated keys are not allowed.")


def check_attribute(name: str, allowed: Collection[str], place: str = "") -> None:
    """Raise TopicError for the name of no attribute; ``place`` is what AWS puts before it."""
    if name not in allowed:
        raise invalid(f"{place}AttributeName")


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Raise TopicError for a protocol that SNS has not, or what is no queue of SQS."""
    if protocol not in PROTOCOLS:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "sqs" and not _QUEUE.fullmatch(endpoint):
        raise invalid("SQS endpoint ARN")


def check_raw(value: str | None, place: str = "") -> None:
    """Raise TopicError for a RawMessageDelivery that is neither true nor false."""
    if value is not None and value.lower() not in ("true", "false"):
        raise invalid(f"{place}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")


def check_token(token: str) -> NoReturn:
    """Raise TopicError: nothing here sends out a token that confirms a subscription, so that none is right."""
    raise invalid("Token") if _TOKEN.fullmatch(token) else TopicError(INVALID, "Invalid token")


def dead_letter_queue(policy: str, place: str = "") -> str:
    """Return the ARN in a RedrivePolicy, empty without one; raises TopicError."""
    document = parsed(policy, f"{place}RedrivePolicy") if policy else {}
    arn = str(document.get("deadLetterTargetArn") or "")
    if arn and not _DEAD_LETTERS.fullmatch(arn):
        raise invalid(f"{place}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return arn


def parsed(text: str, name: str) -> dict[str, Any]:
    """Return the object that an attribute holds as JSON; raises TopicError."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise invalid(f"{name}: failed to parse JSON. {error}") from error
    if not isinstance(document, dict):
        raise invalid(f"{name}: failed to parse JSON. It is no object")
    return document


def differs(stored: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Return whether what is asked for again has attributes other than the stored ones; what is not given is alike."""
    return any(_comparable(name, value) != _comparable(name, stored.get(name)) for name, value in given.items())


def delivery_policies(text: str) -> tuple[str, str]:
    """Return a topic's delivery policy as AWS shows it, empty without one, and the one by which it delivers."""
    given = {name: value for name, value in (json.loads(text).get("http") or {}).items() if value} if text else {}
    shown = {"disableSubscriptionOverrides": False, **given}
    acting = {**given, **{name: _completed(default, given.get(name)) for name, default in _DELIVERY.items()}}
    return json.dumps({"http": shown}) if text else "", json.dumps({"http": acting})


def page(arns: Collection[str], token: str | None) -> tuple[list[str], str | None]:
    """Return up to :data:`PAGE` ARNs in their order after the one that a token names, and the token of the next page.

    Raises TopicError for what is no token.
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
