"""Register files announced by S3, through events in a queue's messages or S3's own asynchronous invocation."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from estrela.ledger.arrivals import arrivals_of
from estrela.warehouse_parts import WarehouseParts

parts = WarehouseParts(os.environ, boto3.Session())
processor = BatchProcessor(EventType.SQS)
logger = Logger(service="register_file")


def register(event: dict[str, Any], run: str) -> None:
    """Register every file of one S3 event."""
    new = parts.register().register(arrivals_of(event), f"register_file/{run}", by_event=True)
    logger.info("registered", new=new)


def message(record: SQSRecord) -> None:
    """Register the files of one message; after a failure only this message is delivered again."""
    register(record.json_body, record.message_id)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    if any(record.get("eventSource") == "aws:sqs" for record in event.get("Records", ())):
        return process_partial_response(event, message, processor, context)
    return register(event, context.aws_request_id)
