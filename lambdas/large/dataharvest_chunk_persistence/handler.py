"""Load chunks of large files."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.batch import run_batch
from dataharvest.large_functions import LargeFunctions
from dataharvest.model.chunk import ChunkTask
from dataharvest.tracing import traced

large = LargeFunctions.from_environment()
functions = large.functions
logger = Logger(service="dataharvest_chunk_persistence")


def load(record: SQSRecord) -> None:
    """Load one chunk."""
    task = ChunkTask.from_json(record.body)
    logger.info(large.chunk_persistence.load(task), key=task.delivered.key, first_byte=task.chunk.start)


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_batch(event, context, EventType.SQS, logger, load)
