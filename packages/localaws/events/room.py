"""Events joined: what is on its way, and who is told."""

from __future__ import annotations

from collections.abc import Mapping

from localaws.events.bus import Bus
from localaws.events.mappings.manager import Mappings, StreamSource
from localaws.events.misdelivery import Misdelivery, parse_misbehaviour
from localaws.events.outbox import Message, Outbox
from localaws.events.s3_notifications import S3Notifications
from localaws.events.targets import Targets
from localaws.functions.room import Functions
from localaws.settings import Settings


class Events:
    """Events of one home, beside its functions."""

    def __init__(self, settings: Settings, functions: Functions, sources: Mapping[str, StreamSource]) -> None:
        targets = Targets(functions.delivery, functions.asynchronous)
        misdelivery = None
        if settings.misdeliver:
            misdelivery = Misdelivery(parse_misbehaviour(settings.misdeliver), settings.seed)
        self._outbox = Outbox(functions.documents, targets.send, self._lost, misdelivery)
        self.bus = Bus(self._outbox, settings.account)
        self.notifications = S3Notifications(self._outbox, settings.account, self.bus.take)
        self.mappings = Mappings(functions, self._outbox, sources)
        self._outbox.start()
        self.mappings.start()

    def stop(self) -> None:
        """Begin no other delivery and no other batch; those that are not done are kept."""
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
        named = {"RULE_ARN": message.content["rule"], "TARGET_ARN": message.lane, "ERROR_MESSAGE": reason[:1024]}
        named |= {"ERROR_CODE": "INVALID_PARAMETER", "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}
        self._outbox.put([Message(queue, {"body": message.content["body"], "attributes": attributes})])
