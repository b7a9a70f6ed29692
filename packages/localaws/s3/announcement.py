"""Announcements of S3: changes of objects, and new notification configurations of buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from localaws.s3.info import ObjectInfo
from localaws.s3.notification_settings import NotificationRule, Notifications


@dataclass(frozen=True)
class Announcement:
    """A change of one object; ``event`` is the full name, such as ``s3:ObjectCreated:Put``."""

    event: str
    info: ObjectInfo
    request_id: str
    host_id: str
    source_ip: str


class Notifier(Protocol):
    """Sender of notifications."""

    def announce(self, announcement: Announcement) -> None:
        """Send a change to the destinations in the bucket's configuration."""

    def problem(self, rule: NotificationRule) -> tuple[str, str] | None:
        """Return the name and text of the error in the destination of a rule, or None."""

    def configured(self, bucket: str, notifications: Notifications) -> None:
        """Send a test event to the destinations of a bucket's new configuration."""
