"""Notification configurations of buckets: parsed, validated, stored and returned."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from xml.etree.ElementTree import Element

from localaws.s3.bucket_settings import named_configurations
from localaws.s3.documents import Node, document, parse, text_of
from localaws.s3.errors import S3Error

_KIND = "notification"
_SERVICES = {"Topic": "sns", "Queue": "sqs", "CloudFunction": "lambda"}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
_EVENTS = {
    "ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "ObjectRestore": ("Post", "Completed", "Delete"),
    "ObjectTagging": ("Put", "Delete"),
    "LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
    "Replication": (
        "OperationFailedReplication", "OperationMissedThreshold", "OperationNotTracked",
        "OperationReplicatedAfterThreshold",
    ),
}  # fmt: skip
_SINGLE = ("s3:ReducedRedundancyLostObject", "s3:ObjectAcl:Put", "s3:LifecycleTransition", "s3:IntelligentTiering")
_KNOWN = frozenset([f"s3:{group}:{name}" for group, names in _EVENTS.items() for name in (*names, "*")] + list(_SINGLE))
_AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


@dataclass(frozen=True)
class NotificationRule:
    """A rule that sends events of keys with a prefix and a suffix to an ARN.

    ``kind`` is Topic, Queue or CloudFunction.
    """

    id: str
    kind: str
    arn: str
    events: tuple[str, ...]
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def prefix(self) -> str:
        """Required prefix of keys."""
        return dict(self.filters).get("Prefix", "")

    @property
    def suffix(self) -> str:
        """Required suffix of keys."""
        return dict(self.filters).get("Suffix", "")

    def takes(self, event: str, key: str) -> bool:
        """Return whether the rule applies to an event, given by its full name, of a key."""
        wildcard = f"{event.rpartition(':')[0]}:*"
        return (event in self.events or wildcard in self.events) and (
            key.startswith(self.prefix) and key.endswith(self.suffix)
        )


@dataclass(frozen=True)
class Notifications:
    """The notification configuration of a bucket."""

    rules: tuple[NotificationRule, ...] = ()
    to_event_bridge: bool = False


def notifications_of(bucket: str) -> Notifications:
    """The bucket's configuration; empty if none was set."""
    stored = named_configurations(bucket, _KIND).get("")
    return _parsed(stored) if stored else Notifications()


def store_notifications(bucket: str, notifications: Notifications) -> None:
    """Replace a bucket's configuration."""
    named_configurations(bucket, _KIND)[""] = as_document(notifications)


def parse_notifications(body: bytes) -> Notifications:
    """Parse a configuration; raises S3Error MalformedXML or InvalidArgument."""
    root = parse(body, "NotificationConfiguration")
    rules = tuple(_rule(kind, node) for kind in _SERVICES for node in root.findall(f"{kind}Configuration"))
    for first, second in combinations(rules, 2):
        _check_apart(first, second)
    return Notifications(rules, root.find("EventBridgeConfiguration") is not None)


def as_document(notifications: Notifications) -> bytes:
    """The configuration as S3 returns it."""
    nodes: list[Node] = []
    for rule in notifications.rules:
        filters = [("FilterRule", [("Name", name), ("Value", value)]) for name, value in rule.filters]
        shown: list[Node] = [("Id", rule.id), (rule.kind, rule.arn), *(("Event", event) for event in rule.events)]
        shown += [("Filter", [("S3Key", filters)])] if filters else []
        nodes.append((f"{rule.kind}Configuration", shown))
    nodes += [("EventBridgeConfiguration", [])] if notifications.to_event_bridge else []
    return document("NotificationConfiguration", nodes)


_parsed = lru_cache(maxsize=256)(parse_notifications)


def _rule(kind: str, node: Element) -> NotificationRule:
    arn = text_of(node, kind)
    events = tuple((event.text or "").strip() for event in node.findall("Event"))
    if not arn or not events:
        raise S3Error("MalformedXML")
    if not arn.startswith(f"arn:aws:{_SERVICES[kind]}:") or arn.count(":") < 5:
        elements = {"ArgumentName": kind, "ArgumentValue": arn[:200]}
        raise S3Error("InvalidArgument", "The ARN could not be parsed", elements)
    for event in events:
        if event not in _KNOWN:
            elements = {"ArgumentName": "Event", "ArgumentValue": event[:100]}
            raise S3Error("InvalidArgument", "The event is not supported for notifications", elements)
    filters = tuple(_filter(rule) for rule in node.findall("Filter/S3Key/FilterRule"))
    return NotificationRule(text_of(node, "Id") or secrets.token_urlsafe(36), kind, arn, events, filters)


def _filter(rule: Element) -> tuple[str, str]:
    name, value = rule.findtext("Name"), rule.findtext("Value")
    if name is None or value is None:
        raise S3Error("MalformedXML")
    if name.lower() not in ("prefix", "suffix"):
        elements = {"ArgumentName": "FilterRule.Name", "ArgumentValue": name[:100]}
        raise S3Error("InvalidArgument", "filter rule name must be either prefix or suffix", elements)
    return name.capitalize(), value


def _check_apart(first: NotificationRule, second: NotificationRule) -> None:
    same_event = any(_overlap(event, other) for event in first.events for other in second.events)
    prefixes = first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix)
    suffixes = first.suffix.endswith(second.suffix) or second.suffix.endswith(first.suffix)
    if same_event and prefixes and suffixes:
        raise S3Error("InvalidArgument", _AMBIGUOUS)


def _overlap(event: str, other: str) -> bool:
    short, long = sorted((event, other), key=lambda name: not name.endswith(":*"))
    return short == long or (short.endswith(":*") and long.startswith(short[:-1]))


def arns(rules: Iterable[NotificationRule], *kinds: str) -> list[str]:
    """ARNs of the rules of the given kinds, without duplicates, in their order."""
    return list(dict.fromkeys(rule.arn for rule in rules if rule.kind in kinds))
