"""Events joined: what is on its way, and who is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from localaws.events.bus import Bus
from localaws.events.mappings.manager import Mappings, StreamSource
from localaws.events.misdelivery import Misdelivery, parse_misbehaviour
from localaws.events.outbox import Message, Outbox
from localaws.events.patterns import matches, parse_pattern
from localaws.events.s3_notifications import S3Notifications
from localaws.events.schedules import Schedules
from localaws.events.targets import Targets
from localaws.events.topics import Topics
from localaws.functions.room import Functions
from localaws.settings import Settings


class Events:
    """Events of one home, beside its functions."""

    def __init__(
        self, settings: Settings, functions: Functions, sources: Mapping[str, StreamSource], save: Callable[[str], None]
    ) -> None:
        targets = Targets(functions.delivery, functions.asynchronous)
        misdelivery = None
        if settings.misdeliver:
            misdelivery = Misdelivery(parse_misbehaviour(settings.misdeliver), settings.seed)
        self._outbox = Outbox(functions.documents, targets.send, self._lost, misdelivery)
        self.bus = Bus(self._outbox, settings.account)
        self.notifications = S3Notifications(self._outbox, settings.account, self.bus.take)
        self.mappings = Mappings(functions, self._outbox, sources)
        self._topics = Topics(self._outbox)
        self._schedules = Schedules(functions.documents, self._outbox, settings.schedule_minute, save)
        self._outbox.start()
        self.mappings.start()
        self._schedules.start()

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of one rule, if it matches."""
        self.bus.send(rule, event)

    def publish(self, subscription: Any, published: dict[str, Any]) -> None:
        """Send a message to one subscription of a topic."""
        self._topics.publish(subscription, published)

    @staticmethod
    def test(pattern: str, event: str) -> bool:
        """Whether an event matches a pattern; raises ValueError for what is no pattern, or no event."""
        return matches(parse_pattern(pattern), json.loads(event))

    def stop(self) -> None:
        """Begin no other delivery and no other batch; those that are not done are kept."""
        self._schedules.stop()
        self.mappings.stop()
        self._outbox.stop()

    def join(self) -> None:
        """Wait for the batches under way, whose functions have ended."""
        self.mappings.join()

    def _lost(self, message: Message, reason: str) -> None:
        """Send what a target of a rule never takes to the target's dead-letter queue."""
        queue = message.content.get("dead_letter")
        if not queue:
            return
        if "rule" not in message.content:
            self._outbox.put([Message(queue, {"body": message.content["body"]})])
            return
        named = {"RULE_ARN": message.content["rule"], "TARGET_ARN": message.lane, "ERROR_MESSAGE": reason[:1024]}
        named |= {"ERROR_CODE": "INVALID_PARAMETER", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}
        self._outbox.put([Message(queue, {"body": message.content["body"], "attributes": attributes})])
