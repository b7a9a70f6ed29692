"""Announce the portfolios of large deliveries."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.batch import run_batch
from dataharvest.large_functions import LargeFunctions
from dataharvest.model.delivery import Delivery
from dataharvest.tracing import traced

large = LargeFunctions.from_environment()
functions = large.functions
logger = Logger(service="dataharvest_announcer")


def announce(record: SQSRecord) -> None:
    """Announce a wave of one delivery."""
    delivery = Delivery.from_json(record.body)
    logger.info("announced", delivery=str(delivery), portfolios=large.announcer.announce(delivery))


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_batch(event, context, EventType.SQS, logger, announce)
