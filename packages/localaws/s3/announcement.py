"""Announcements of S3: changes of objects, and the configurations that name the receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from localaws.s3.info import ObjectInfo
from localaws.s3.notification_settings import NotificationRule, Notifications


@dataclass(frozen=True)
class Announcement:
    """A change of one object: ``event`` by its full name, as ``s3:ObjectCreated:Put``."""

    event: str
    info: ObjectInfo
    request_id: str
    host_id: str
    source_ip: str


class Notifier(Protocol):
    """Who sends notifications."""

    def announce(self, announcement: Announcement) -> None:
        """Send a change to whom the bucket's configuration names."""

    def problem(self, rule: NotificationRule) -> tuple[str, str] | None:
        """Return name and text of what is wrong with the destination of a rule, or None."""

    def configured(self, bucket: str, notifications: Notifications) -> None:
        """A bucket got another configuration: its destinations get a test event."""
