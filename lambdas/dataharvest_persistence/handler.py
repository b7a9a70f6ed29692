"""Load delivered files, announced by S3 events in the messages of a queue."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.arrival_batch import run_arrivals
from dataharvest.functions import Functions
from dataharvest.tracing import traced

functions = Functions.from_environment()
logger = Logger(service="dataharvest_persistence")


@traced(logger.service)
def handler(event: dict[str, Any], _context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_arrivals(event, logger, functions.persistence)
