"""Batches of a Kinesis stream: portfolio events, processed per delivery."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.batch import count_records, failures, log_failure
from dataharvest.delivery_batch import run_deliveries
from dataharvest.large_functions import LargeFunctions
from dataharvest.model.delivery import Delivery
from dataharvest.model.portfolio import PortfolioEvent

SOURCE = "aws:kinesis"


def run_deliveries_or_portfolios(event: dict[str, Any], logger: Logger, large: LargeFunctions, transformer: str) -> Any:
    """Run a transformer on the deliveries in a queue's messages, or on the portfolios in a stream's batch."""
    if any(record.get("eventSource") == SOURCE for record in event.get("Records", ())):
        return run_portfolio_batch(event, logger, partial(large.portfolio_steps.run, transformer))
    functions = large.functions
    return run_deliveries(event, logger, functions.metastore, partial(functions.transform, transformer))


def run_portfolio_batch(
    event: Mapping[str, Any], logger: Logger, work: Callable[[Delivery, list[str]], object]
) -> dict[str, list[dict[str, str]]]:
    """Call ``work`` once for each delivery, with the references of its portfolios.

    Return the sequence numbers of the records of failed deliveries, for ReportBatchItemFailures: Lambda retries from
    the first of them on.
    """
    waiting: dict[Delivery, list[tuple[str, str]]] = {}
    failed: list[str] = []
    for record in event["Records"]:
        number = str(record["kinesis"]["sequenceNumber"])
        try:
            portfolio_event = PortfolioEvent.from_json(base64.b64decode(record["kinesis"]["data"]))
        except ValueError as error:
            log_failure(logger, error)
            failed.append(number)
        else:
            waiting.setdefault(portfolio_event.delivery, []).append((number, portfolio_event.portfolio_reference))
    for delivery, events in waiting.items():
        try:
            work(delivery, [reference for _, reference in events])
            logger.info("calculated", delivery=str(delivery), portfolios=len(events))
        except Exception as error:  # noqa: BLE001 - the records come again, those of other deliveries are done
            log_failure(logger, error)
            failed += [number for number, _ in events]
    count_records(logger, failed=len(failed), done=len(event["Records"]) - len(failed))
    return failures(failed)
