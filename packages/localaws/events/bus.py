"""Event buses: moto stores the rules; this module sends the events that match them to their targets."""

from __future__ import annotations

import logging
from typing import Any

from moto.events.models import events_backends

from localaws.events.inputs import InputError, at_path, target_input
from localaws.events.outbox import Message, Outbox
from localaws.events.patterns import matches

_log = logging.getLogger(__name__)


class Bus:
    """Sends events to the targets of rules."""

    def __init__(self, outbox: Outbox, account: str) -> None:
        self._outbox = outbox
        self._account = account

    def take(self, event: dict[str, Any]) -> None:
        """Send an event of an AWS service to the rules of the default bus."""
        backend = events_backends[self._account][event["region"]]
        for rule in list(backend.event_buses["default"].rules.values()):
            self.send(rule, event)

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of a rule, if it matches the rule."""
        pattern = rule.event_pattern.get_pattern()
        if rule.state == "DISABLED" or not pattern or not matches(pattern, event):
            return
        self.send_to(rule, event)

    def send_to(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to every target of a rule."""
        messages = messages_of(rule, event)
        if messages:
            self._outbox.put(messages)


def messages_of(rule: Any, event: dict[str, Any]) -> list[Message]:
    """Return the deliveries of an event to the targets of a rule, without those whose template makes no JSON."""
    messages = []
    for target in rule.targets:
        try:
            messages.append(message_of(target, event, rule.arn))
        except InputError as error:
            _log.warning("event not sent to target %s of rule %s: %s", target["Id"], rule.arn, error)
    return messages


def message_of(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> Message:
    """Return the delivery of an event to a target. Raises InputError."""
    content: dict[str, Any] = {"body": target_input(target, event, rule_arn), "rule": rule_arn}
    content |= common_content(target)
    if path := (target.get("KinesisParameters") or {}).get("PartitionKeyPath"):
        content["key"] = str(at_path(path, event) or event["id"])
    if ":event-bus/" in target["Arn"]:
        content["event"] = event
    return Message(target["Arn"], content)


def common_content(target: dict[str, Any]) -> dict[str, Any]:
    """Return the settings common to targets of rules and schedules: dead-letter queue, retries, FIFO message group."""
    content = {
        "dead_letter": (target.get("DeadLetterConfig") or {}).get("Arn"),
        "retry": target.get("RetryPolicy"),
        "group": (target.get("SqsParameters") or {}).get("MessageGroupId"),
    }
    return {name: value for name, value in content.items() if value}
