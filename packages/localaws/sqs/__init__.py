"""SQS: moto's queues, with messages that are stored when they change."""

from __future__ import annotations

from localaws.sqs.consumer import QueueConsumer
from localaws.sqs.keeper import SqsKeeper, open_sqs
from localaws.sqs.producer import QueueProducer

__all__ = ["QueueConsumer", "QueueProducer", "SqsKeeper", "open_sqs"]
