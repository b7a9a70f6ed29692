"""Sum the taxes paid by each client."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.delivery_batch import run_deliveries
from dataharvest.functions import Functions
from dataharvest.tracing import traced

functions = Functions.from_environment()
logger = Logger(service="dataharvest_tax_transformer")


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function."""
    return run_deliveries(event, logger, functions.metastore, partial(functions.transform, "tax"))
