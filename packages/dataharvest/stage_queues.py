"""The queues through which functions receive requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


BATCH = 10
"""Messages per call, the limit of SQS."""


@dataclass(frozen=True)
class Request:
    """A message ``body`` to the queue ``name``, on behalf of an external client."""

    name: str
    body: str
    external_client: str


@dataclass(frozen=True)
class StageQueues:
    """Queues whose URLs are ``prefix`` plus the name of the stage."""

    sqs: SQSClient
    prefix: str

    def ask(self, name: str, body: str, external_client: str) -> None:
        """Send a message to the queue ``name``. Raises botocore's errors.

        Its message group is the external client, so that SQS serves the clients fairly: one with many messages does not
        delay those of the others.
        """
        self.sqs.send_message(QueueUrl=f"{self.prefix}{name}", MessageBody=body, MessageGroupId=external_client)

    def ask_all(self, requests: Iterable[Request]) -> dict[Request, str]:
        """Send messages in as few calls as possible; return those that SQS did not accept, with the reason."""
        waiting: dict[str, list[Request]] = {}
        for request in dict.fromkeys(requests):
            waiting.setdefault(request.name, []).append(request)
        refused: dict[Request, str] = {}
        for name, asked in waiting.items():
            for start in range(0, len(asked), BATCH):
                refused |= self._send(name, asked[start : start + BATCH])
        return refused

    def _send(self, name: str, requests: list[Request]) -> dict[Request, str]:
        entries: Any = [
            {"Id": str(at), "MessageBody": request.body, "MessageGroupId": request.external_client}
            for at, request in enumerate(requests)
        ]
        try:
            answer = self.sqs.send_message_batch(QueueUrl=f"{self.prefix}{name}", Entries=entries)
        except (BotoCoreError, ClientError) as error:
            return dict.fromkeys(requests, f"{type(error).__name__}: {error}")
        return {requests[int(failed["Id"])]: failed["Code"] for failed in answer.get("Failed", [])}
