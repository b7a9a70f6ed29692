"""Connects the parts of events: the outbox, S3 notifications, mappings, buses, topics and schedules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.events.bus import Bus
from localaws.events.cron import is_valid
from localaws.events.directory_watch import DirectoryWatch
from localaws.events.inputs import check_input
from localaws.events.mappings.manager import Mappings, StreamSource
from localaws.events.misdelivery import Misdelivery, parse_misbehaviour
from localaws.events.outbox import Message, Outbox
from localaws.events.pattern_rules import parse_pattern
from localaws.events.patterns import matches
from localaws.events.s3_notifications import S3Notifications
from localaws.events.schedules import Schedules
from localaws.events.targets import Targets
from localaws.events.topic_signing import TopicSigning
from localaws.events.topics import Topics
from localaws.functions.service import Functions
from localaws.s3.announcement import Announcement
from localaws.s3.bucket_settings import settings_of
from localaws.s3.notification_settings import Notifications, notifications_of
from localaws.s3.store import ObjectStore
from localaws.settings import Settings
from localaws.sqs import QueueConsumer, QueueProducer


@dataclass(frozen=True)
class Surroundings:
    """Resources of events besides functions: ``save`` stores a service of moto, ``folder`` is for files of topics."""

    folder: Path
    store: ObjectStore
    sources: Mapping[str, StreamSource]
    queues: QueueConsumer
    producer: QueueProducer
    save: Callable[[str], None]


class Events:
    """All event delivery of one home."""

    def __init__(self, settings: Settings, functions: Functions, surroundings: Surroundings) -> None:
        targets = Targets(functions.delivery, functions.asynchronous, surroundings.producer)
        misbehaviour = parse_misbehaviour(settings.misdeliver)
        misdelivery = Misdelivery(misbehaviour, settings.seed) if settings.misdeliver else None
        self._documents = functions.documents
        self._outbox = Outbox(functions.documents, targets.send, targets.send_together, self._lost, misdelivery)
        self.bus = Bus(self._outbox, settings.account)
        self._notifications = S3Notifications(self._outbox, settings.account, self.bus.take)
        self._files = DirectoryWatch(functions.documents, surroundings.store, self._notify)
        self.mappings = Mappings(
            functions, self._outbox, surroundings.sources, surroundings.queues, misbehaviour, settings.seed
        )
        self.topics = Topics(self._outbox, TopicSigning(surroundings.folder), functions.delivery.endpoint)
        self._schedules = Schedules(functions.documents, self._outbox, settings.schedule_minute, surroundings.save)
        self._outbox.start()
        self.mappings.start()
        self._schedules.start()
        self._files.start()

    def announce(self, announcement: Announcement) -> None:
        """Send a change of an object to the destinations in the bucket's configuration."""
        with self._documents.transaction():
            self._notify(announcement)
            if announcement.event.startswith("s3:ObjectCreated:"):
                self._files.note(announcement.info)

    def configured(self, bucket: str, notifications: Notifications) -> None:
        """Start to watch a bucket that got notifications, and send the test event."""
        self._files.begin(bucket)
        self._notifications.test(bucket, notifications)

    def _notify(self, announcement: Announcement) -> None:
        bucket = announcement.info.bucket
        self._notifications.take(announcement, settings_of(bucket).region_name, notifications_of(bucket))

    def send(self, rule: Any, event: dict[str, Any]) -> None:
        """Send an event to the targets of a rule, if it matches the rule."""
        self.bus.send(rule, event)

    def publish(self, subscription: Any, published: dict[str, Any]) -> None:
        """Send a message to one subscription of a topic."""
        self.topics.publish(subscription, published)

    @staticmethod
    def check_target(target: dict[str, Any]) -> None:
        """Raise ValueError with AWS's reason if a rule may not have this target."""
        check_input(target)

    @staticmethod
    def is_schedule(expression: str, zone: str) -> bool:
        """Return whether a schedule expression is valid and its time zone exists."""
        return is_valid(expression, zone)

    @staticmethod
    def test(pattern: str, event: str) -> bool:
        """Return whether an event matches a pattern. Raises ValueError for an invalid pattern or event."""
        return matches(parse_pattern(pattern), json.loads(event))

    def stop(self) -> None:
        """Start no new delivery and no new batch. Unfinished ones stay stored."""
        self._files.stop()
        self._schedules.stop()
        self.mappings.stop()
        self._outbox.stop()

    def join(self) -> None:
        """Wait for the running batches, whose functions have ended."""
        self.mappings.join()

    def _lost(self, message: Message, condition: str, reason: str) -> None:
        """Send an undeliverable message to the dead-letter queue of its target or subscription, if it has one."""
        queue = message.content.get("dead_letter")
        if not queue:
            return
        if "rule" not in message.content:
            self._outbox.put([Message(queue, _dead_letter(queue, message.content))])
            return
        named = {"RULE_ARN": message.content["rule"], "TARGET_ARN": message.lane, "ERROR_MESSAGE": reason[:1024]}
        named["ERROR_CODE"] = "ERROR_FROM_TARGET" if condition else "INVALID_PARAMETER"
        named["EXHAUSTED_RETRY_CONDITION"] = condition or "MaximumRetryAttempts"
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}
        self._outbox.put([Message(queue, {"body": message.content["body"], "attributes": attributes})])


def _dead_letter(queue: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return a topic's message for its dead-letter queue: the notification, its attributes, and a FIFO group."""
    names = ("attributes", "group", "deduplication") if queue.endswith(".fifo") else ("attributes",)
    kept = {name: content[name] for name in names if name in content}
    return {"body": content.get("letter") or content["body"], **kept}
