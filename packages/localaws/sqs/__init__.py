"""SQS: moto's queues, whose messages are stored as they change."""

from __future__ import annotations

from localaws.sqs.keeper import SqsKeeper, open_sqs

__all__ = ["SqsKeeper", "open_sqs"]
