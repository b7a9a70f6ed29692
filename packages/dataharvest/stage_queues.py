"""The queues by which functions are asked to work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class StageQueues:
    """Queues whose URLs are ``prefix`` and the name of what works on them."""

    sqs: SQSClient
    prefix: str

    def ask(self, name: str, body: str, external_client: str) -> None:
        """Send a message to the queue of ``name``. Raises botocore's errors.

        Its group is the external client, so that SQS serves the clients fairly: one with many messages does not delay
        those of the others.
        """
        self.sqs.send_message(QueueUrl=f"{self.prefix}{name}", MessageBody=body, MessageGroupId=external_client)
