"""Topics: what is published reaches queues and functions whose filter policies take it."""

from __future__ import annotations

import json
from typing import Any

from localaws.events.outbox import Message, Outbox
from localaws.events.patterns import matches
from localaws.events.targets import as_text

_MOST_KEYS = 100


class Topics:
    """Puts what subscriptions get into the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def publish(self, subscription: Any, published: dict[str, Any]) -> None:
        """Send one message to one subscription of a queue or a function, unless its filter policy drops it.

        ``published`` has the arguments of moto's ``Subscription.publish``.
        """
        attributes = published.get("message_attributes") or {}
        if not takes(subscription.attributes, attributes, published["message"]):
            return
        message = published["message"]
        if published.get("message_structure") == "json":
            message = subscription._parse_message_structure(message, subscription.protocol)
        content: dict[str, Any] = {}
        if dead := json.loads(subscription.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn"):
            content["dead_letter"] = dead
        if subscription.protocol == "lambda":
            self._outbox.put(
                [Message(subscription.endpoint, {**content, "body": _for_function(subscription, message, published)})]
            )
            return
        for name, argument in (("group", "group_id"), ("deduplication", "deduplication_id")):
            if published.get(argument):
                content[name] = published[argument]
        if str(subscription.attributes.get("RawMessageDelivery")).lower() == "true":
            content |= {"body": message, "attributes": {name: _raw(value) for name, value in attributes.items()}}
        else:
            content["body"] = as_text(_signed(subscription, message, published))
        self._outbox.put([Message(subscription.endpoint, content)])


def takes(settings: dict[str, Any], attributes: dict[str, Any], message: str) -> bool:
    """Whether a filter policy takes a message: https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html."""
    policy = json.loads(settings.get("FilterPolicy") or "{}")
    if not policy:
        return True
    if settings.get("FilterPolicyScope", "MessageAttributes") == "MessageBody":
        try:
            body = json.loads(message)
        except ValueError:
            return False
        return isinstance(body, dict) and matches(policy, body)
    return matches(policy, {name: _value(value) for name, value in attributes.items()})


def _value(attribute: dict[str, Any]) -> Any:
    kind, value = attribute["Type"], attribute["Value"]
    if kind.startswith("Number"):
        return json.loads(str(value))
    if kind == "String.Array":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return None if kind.startswith("Binary") else value


def _raw(attribute: dict[str, Any]) -> dict[str, str]:
    name = "BinaryValue" if attribute["Type"].startswith("Binary") else "StringValue"
    return {"DataType": attribute["Type"], name: str(attribute["Value"])}


def _signed(subscription: Any, message: str, published: dict[str, Any]) -> dict[str, Any]:
    """The document that moto signs, with the keys of the last messages alone."""
    document: dict[str, Any] = subscription.get_post_data(
        message, published["message_id"], published.get("subject"), published.get("message_attributes")
    )
    keys = subscription.topic.sns_backend._message_public_keys
    while len(keys) > _MOST_KEYS:
        del keys[next(iter(keys))]
    return document


def _for_function(subscription: Any, message: str, published: dict[str, Any]) -> str:
    document = _signed(subscription, message, published)
    document["SigningCertUrl"] = document.pop("SigningCertURL")
    document["UnsubscribeUrl"] = document.pop("UnsubscribeURL")
    document = {"Subject": None, "MessageAttributes": {}, **document}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": document,
    }
    return as_text({"Records": [record]})
