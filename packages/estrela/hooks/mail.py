"""E-mail by Amazon SES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import DeliveryError, bounded
from estrela.hooks.aws_fault import is_transient

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


@dataclass(frozen=True)
class Mail:
    """Plain text e-mail from ``sender``, an address that SES has verified, to ``recipients``."""

    client: SESV2Client
    sender: str
    recipients: tuple[str, ...]
    name: str = "e-mail"
    column: str = "mailed_at"

    def send(self, subject: str, body: str) -> None:
        """Send one e-mail. Raises DeliveryError."""
        content = {"Subject": {"Data": bounded(f"Estrela: {subject}", 200)}, "Body": {"Text": {"Data": body}}}
        try:
            self.client.send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": list(self.recipients)},
                Content={"Simple": content},  # type: ignore[typeddict-item]
            )
        except (ClientError, BotoCoreError) as error:
            raise DeliveryError(self.name, bounded(error), retriable=is_transient(error)) from error
