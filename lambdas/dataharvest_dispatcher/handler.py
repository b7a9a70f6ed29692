"""Read the metastore's stream and ask the stages that are ready."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from dataharvest.batch import run_batch
from dataharvest.functions import Functions

functions = Functions.from_environment()
logger = Logger(service="dataharvest_dispatcher")


def dispatch(record: DynamoDBRecord) -> None:
    """Ask the stages that one change made ready."""
    for stage in functions.dispatcher.dispatch(record.raw_event):
        logger.info("asked", stage=stage, keys=record.raw_event["dynamodb"]["Keys"])


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry."""
    return run_batch(event, context, EventType.DynamoDBStreams, logger, dispatch)
