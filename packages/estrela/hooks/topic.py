"""Messages to an SNS topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import DeliveryError, bounded
from estrela.hooks.aws_fault import is_transient

LONGEST_SUBJECT = 100
"""Maximum length; SNS refuses longer subjects."""


class Publisher(Protocol):
    """The part of a boto3 SNS client that is used here."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Any:  # noqa: N803 - boto3's names
        """Publish one message to a topic."""


@dataclass(frozen=True)
class Topic:
    """The SNS topic ``arn``, which delivers messages to its subscribers."""

    client: Publisher
    arn: str
    name: str = "SNS"

    def send(self, subject: str, body: str) -> None:
        """Publish one message. Raises DeliveryError."""
        try:
            self.client.publish(
                TopicArn=self.arn, Subject=bounded(f"Estrela: {subject}", LONGEST_SUBJECT), Message=body
            )
        except (ClientError, BotoCoreError) as error:
            raise DeliveryError(self.name, bounded(error), retriable=is_transient(error)) from error
