"""S3 notifications: changes of objects, sent to the destinations in the bucket's configuration."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from localaws.events.outbox import Message, Outbox
from localaws.events.s3_documents import Sequencers, bus_event, notification, test_document
from localaws.events.targets import as_text
from localaws.s3.announcement import Announcement
from localaws.s3.notification_settings import Notifications, arns

SUBJECT = "Amazon S3 Notification"


class S3Notifications:
    """Puts notifications into the outbox; ``to_bus`` sends an event to the default bus."""

    def __init__(self, outbox: Outbox, account: str, to_bus: Callable[[dict[str, Any]], None]) -> None:
        self._outbox = outbox
        self._account = account
        self._to_bus = to_bus
        self._sequencers = Sequencers()

    def take(self, announcement: Announcement, region: str, notifications: Notifications) -> None:
        """Send a change to the destination of every rule that matches it."""
        sequencer = self._sequencers.next()
        messages = []
        for rule in notifications.rules:
            if rule.takes(announcement.event, announcement.info.key):
                document = notification(announcement, region, rule.id, sequencer)
                messages.append(Message(rule.arn, {"body": as_text(document), "subject": SUBJECT}))
        if messages:
            self._outbox.put(messages)
        if notifications.to_event_bridge:
            self._to_bus(bus_event(announcement, self._account, region, sequencer))

    def test(self, bucket: str, notifications: Notifications) -> None:
        """Send the test event to queues and topics; AWS sends none to functions."""
        document = test_document(bucket, secrets.token_hex(8).upper())
        content = {"body": as_text(document), "subject": SUBJECT}
        self._outbox.put([Message(arn, content) for arn in arns(notifications.rules, "Queue", "Topic")])
