"""Write and send the messages of a delivery."""

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
logger = Logger(service="dataharvest_catapult")


def launch(record: SQSRecord) -> None:
    """Send the messages of one delivery."""
    delivery = Delivery.from_json(record.body)
    logger.info("launched", delivery=str(delivery), is_current=functions.catapult.launch(delivery))


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_batch(event, context, EventType.SQS, logger, launch)
