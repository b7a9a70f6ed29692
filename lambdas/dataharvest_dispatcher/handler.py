"""Read the metastore's stream and send requests to the stages that are ready."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.dispatch_batch import run_dispatch
from dataharvest.functions import Functions
from dataharvest.tracing import traced

functions = Functions.from_environment()
logger = Logger(service="dataharvest_dispatcher")


@traced(logger.service)
def handler(event: dict[str, Any], _context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_dispatch(event, logger, functions.dispatcher)
