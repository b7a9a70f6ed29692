"""Write and send the messages of a delivery."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.delivery_batch import run_deliveries
from dataharvest.functions import Functions
from dataharvest.tracing import traced

functions = Functions.from_environment()
logger = Logger(service="dataharvest_catapult")


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_deliveries(event, logger, functions.metastore, functions.catapult.launch)
