"""SQS: moto's queues, with messages that are stored when they change."""

from __future__ import annotations

from localaws.sqs.keeper import SqsKeeper, open_sqs

__all__ = ["SqsKeeper", "open_sqs"]
