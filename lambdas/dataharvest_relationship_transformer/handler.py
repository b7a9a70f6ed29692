"""Establish the relations between the rows of a delivery."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.batch import run_batch
from dataharvest.functions import Functions
from dataharvest.model.delivery import Delivery
from dataharvest.tracing import traced

functions = Functions.from_environment()
logger = Logger(service="dataharvest_relationship_transformer")


def transform(record: SQSRecord) -> None:
    """Run the transformer on one delivery."""
    delivery = Delivery.from_json(record.body)
    logger.info("transformed", delivery=str(delivery), is_current=functions.transform("relationship", delivery))


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_batch(event, context, EventType.SQS, logger, transform)
