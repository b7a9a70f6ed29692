"""Sum the deposits of each portfolio."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.large_functions import LargeFunctions
from dataharvest.model.delivery import Delivery
from dataharvest.portfolio_batch import run_deliveries_or_portfolios

large = LargeFunctions.from_environment()
functions = large.functions
logger = Logger(service="dataharvest_sum_deposit_transformer")


def transform(record: SQSRecord) -> None:
    """Run the transformer on one delivery."""
    delivery = Delivery.from_json(record.body)
    logger.info("transformed", delivery=str(delivery), is_current=functions.transform("sum_deposit", delivery))


def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's entry: deliveries of a queue, or portfolios of large deliveries of a stream."""
    by_portfolio = partial(large.portfolio_steps.run, "sum_deposit")
    return run_deliveries_or_portfolios(event, context, logger, transform, by_portfolio)
