"""Topics: published messages reach the queues and functions whose filter policies accept them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from localaws.events.outbox import Message, Outbox
from localaws.events.patterns import matches
from localaws.events.targets import as_text
from localaws.events.topic_signing import TopicSigning

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Path of the links in notifications; on AWS they point to the host of SNS.
PATH = "/.sns"
_DEFAULT_VERSION = "1"


class Topics:
    """Puts the messages for subscriptions into the outbox, and serves the certificate of their signatures."""

    def __init__(self, outbox: Outbox, signing: TopicSigning, endpoint: str) -> None:
        self._outbox = outbox
        self._signing = signing
        self._links = endpoint + PATH

    def certificate(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the certificate that SigningCertURL names."""
        if Request(environ).path != f"{PATH}/{self._signing.name}":
            return Response("", 404)(environ, start_response)
        return Response(self._signing.certificate, content_type="application/x-pem-file")(environ, start_response)

    def publish(self, subscription: Any, published: dict[str, Any]) -> None:
        """Send a message to one subscription of a queue or a function, unless its filter policy excludes it.

        ``published`` has the arguments of moto's ``Subscription.publish``.
        """
        attributes = published.get("message_attributes") or {}
        if not takes(subscription.attributes, attributes, published["message"]):
            return
        message = published["message"]
        if published.get("message_structure") == "json":
            message = _of_protocol(json.loads(message), subscription.protocol)
        content: dict[str, Any] = {}
        if dead := json.loads(subscription.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn"):
            content["dead_letter"] = dead
        if subscription.protocol == "lambda":
            document = self._document(subscription, message, published)
            # The dead-letter queue gets only the notification, without the event of the function around it.
            content |= {"letter": as_text(document), "body": _for_function(subscription, document)}
            self._outbox.put([Message(subscription.endpoint, content)])
            return
        if subscription.endpoint.endswith(".fifo") or not subscription.topic.fifo_topic:
            for name, argument in (("group", "group_id"), ("deduplication", "deduplication_id")):
                if published.get(argument):
                    content[name] = published[argument]
        if str(subscription.attributes.get("RawMessageDelivery")).lower() == "true":
            content |= {"body": message, "attributes": {name: _raw(value) for name, value in attributes.items()}}
        else:
            content["body"] = as_text(self._document(subscription, message, published))
        self._outbox.put([Message(subscription.endpoint, content)])

    def _document(self, subscription: Any, message: str, published: dict[str, Any]) -> dict[str, Any]:
        """Return a notification, which is signed unless it is from a FIFO topic."""
        topic, region = subscription.topic, subscription.topic.sns_backend.region_name
        document = {"Type": "Notification", "MessageId": published["message_id"], "TopicArn": topic.arn}
        number = published.get("sequence_number")
        document |= {"SequenceNumber": number} if number else {}
        document |= {"Subject": published["subject"]} if published.get("subject") else {}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        document |= {"Message": message, "Timestamp": now}
        if not number:
            version = str(getattr(topic, "signature_version", None) or _DEFAULT_VERSION)
            document |= {"SignatureVersion": version, "Signature": self._signing.signature(document, version)}
            document["SigningCertURL"] = f"{self._links}/{self._signing.name}"
        host = f"https://sns.{region}.amazonaws.com"
        document["UnsubscribeURL"] = f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
        if published.get("message_attributes"):
            document["MessageAttributes"] = published["message_attributes"]
        return document


def _of_protocol(messages: dict[str, Any], protocol: str) -> str:
    """Return the message for a protocol, or the default if it is missing or not a text."""
    text = messages.get(protocol)
    return text if isinstance(text, str) else str(messages["default"])


def takes(settings: dict[str, Any], attributes: dict[str, Any], message: str) -> bool:
    """Apply a filter policy to a message: https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html."""
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


def _for_function(subscription: Any, document: dict[str, Any]) -> str:
    names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    document = {names.get(name, name): value for name, value in document.items()}
    document = {"Subject": None, "MessageAttributes": {}, **document}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": document,
    }
    return as_text({"Records": [record]})
