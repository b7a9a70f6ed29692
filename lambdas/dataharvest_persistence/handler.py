"""Take delivered files in: events of S3, each in a message of a queue."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.batch import run_batch
from dataharvest.functions import Functions
from dataharvest.model.events import delivered_objects

functions = Functions.from_environment()
logger = Logger(service="dataharvest_persistence")


def take(record: SQSRecord) -> None:
    """Take in every object that a message names."""
    for delivered in delivered_objects(record.json_body):
        logger.info(functions.persistence.take(delivered), key=delivered.key, bytes=delivered.size)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry."""
    return run_batch(event, context, EventType.SQS, logger, take)
