"""Count the transactions of each portfolio."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.large_functions import LargeFunctions
from dataharvest.portfolio_batch import run_deliveries_or_portfolios
from dataharvest.tracing import traced

large = LargeFunctions.from_environment()
functions = large.functions
logger = Logger(service="dataharvest_transaction_transformer")


@traced(logger.service)
def handler(event: dict[str, Any], context: Any) -> Any:
    """Entry point of the Lambda function: deliveries from a queue, or portfolios of large deliveries from a stream."""
    return run_deliveries_or_portfolios(event, logger, large, "transaction")
