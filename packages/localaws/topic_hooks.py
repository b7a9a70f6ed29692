"""Hooks in moto's SNS around topics: names, attributes, tags and permissions are validated and returned as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSException
from moto.sns.models import VALID_POLICY_ACTIONS
from moto.sns.responses import SNSResponse
from moto.sns.utils import make_arn_for_topic

from localaws.events.topic_rules import (
    TOPIC_ATTRIBUTES,
    TopicError,
    check_attribute,
    check_name,
    check_tags,
    check_topic,
    delivery_policies,
    differs,
    invalid,
    page,
    parsed,
)

_DOCUMENTS = ("Policy", "DeliveryPolicy", "ArchivePolicy")
_PENDING = "PendingConfirmation"


def install() -> None:
    """Make moto call these hooks. Call this before its first request to SNS."""
    SNSResponse.create_topic = refusing(_wrap_create_topic(SNSResponse.create_topic))
    SNSResponse.delete_topic = refusing(_of_topic(SNSResponse.delete_topic))
    SNSResponse.list_topics = refusing(_list_topics)
    SNSResponse.get_topic_attributes = refusing(_get_topic_attributes)
    SNSResponse.set_topic_attributes = refusing(_wrap_set_attributes(SNSResponse.set_topic_attributes))
    SNSResponse.tag_resource = refusing(_wrap_tag_resource(SNSResponse.tag_resource))
    SNSResponse.add_permission = refusing(_wrap_add_permission(SNSResponse.add_permission))
    SNSResponse.remove_permission = refusing(_of_topic(SNSResponse.remove_permission))


def refusing(call: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    """Wrap a method of moto's: a TopicError becomes AWS's error."""

    @wraps(call)
    def answer(response: Any) -> ActionResult:
        try:
            return call(response)
        except TopicError as error:
            raise SNSException(error.code, str(error)) from error

    return answer


def topic_of(response: Any) -> Any:
    """Return the topic that a request names; raises TopicError, or moto's TopicNotFound."""
    arn = response._get_param("TopicArn")
    check_topic(arn, response.region)
    return response.backend.get_topic(arn)


def attributes_of(topic: Any) -> dict[str, str]:
    """Return the attributes of a topic; optional ones only if they are set."""
    policy, acting = delivery_policies(topic.delivery_policy or "")
    everything = list(topic.sns_backend.subscriptions.values())
    known = [subscription for subscription in everything if subscription.topic == topic]
    pending = sum(bool(subscription.attributes[_PENDING]) for subscription in known)
    stored = {name: getattr(topic, camelcase_to_underscores(name), None) for name in TOPIC_ATTRIBUTES}
    given = {name: _text(value) for name, value in stored.items() if value not in (None, "")}
    if not topic.fifo_topic:
        given.pop("ContentBasedDeduplication", None)
    fifo = {"FifoTopic": "true"} if topic.fifo_topic else {}
    return {
        **{name: value for name, value in given.items() if name != "DeliveryPolicy"},
        **({"DeliveryPolicy": policy} if policy else {}),
        **fifo,
        "DisplayName": topic.display_name,
        "EffectiveDeliveryPolicy": acting,
        "Owner": topic.account_id,
        "SubscriptionsConfirmed": str(len(known) - pending),
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": str(pending),
        "TopicArn": topic.arn,
    }


def _wrap_create_topic(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def create_topic(response: Any) -> ActionResult:
        given: dict[str, str] = dict(response._get_param("Attributes") or {})
        tags = response._get_param("Tags") or []
        check_name(response._get_param("Name"), is_fifo=given.get("FifoTopic", "").lower() == "true")
        check_tags([tag["Key"] for tag in tags])
        for name, value in given.items():
            _check_document(name, value)
        arn = make_arn_for_topic(response.current_account, response._get_param("Name"), response.region)
        topic = response.backend.topics.get(arn)
        if topic is None:
            return original(response)
        _check_again(topic, {tag["Key"]: tag["Value"] for tag in tags}, given)
        return ActionResult({"TopicArn": arn})

    return create_topic


def _check_again(topic: Any, tags: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise TopicError if the existing topic has other tags or attributes than the request."""
    if not tags.items() <= topic._tags.items():
        raise invalid("Tags Reason: Topic already exists with different tags")
    if differs(attributes_of(topic), given):
        raise invalid("Attributes Reason: Topic already exists with different attributes")


def _list_topics(response: Any) -> ActionResult:
    arns, token = page(response.backend.topics, response._get_param("NextToken"))
    return ActionResult({"Topics": [{"TopicArn": arn} for arn in arns], "NextToken": token})


def _get_topic_attributes(response: Any) -> ActionResult:
    return ActionResult({"Attributes": attributes_of(topic_of(response))})


def _wrap_set_attributes(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def set_topic_attributes(response: Any) -> ActionResult:
        topic_of(response)
        name = response._get_param("AttributeName")
        check_attribute(name, TOPIC_ATTRIBUTES)
        _check_document(name, response._get_param("AttributeValue"))
        return original(response)

    return set_topic_attributes


def _wrap_tag_resource(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def tag_resource(response: Any) -> ActionResult:
        check_tags([tag["Key"] for tag in response._get_param("Tags") or []])
        return original(response)

    return tag_resource


def _wrap_add_permission(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def add_permission(response: Any) -> ActionResult:
        label, names = response._get_param("Label"), response._get_param("ActionName") or []
        if any(statement.get("Sid") == label for statement in topic_of(response)._policy_json["Statement"]):
            raise invalid("Statement already exists")
        if not set(names) <= set(VALID_POLICY_ACTIONS):
            raise invalid("Policy statement action out of service scope!")
        return original(response)

    return add_permission


def _of_topic(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def call(response: Any) -> ActionResult:
        check_topic(response._get_param("TopicArn"), response.region)
        return original(response)

    return wraps(original)(call)


def _check_document(name: str, value: str | None) -> None:
    if name in _DOCUMENTS and value:
        parsed(value, name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
