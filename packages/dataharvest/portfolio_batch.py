"""Batches of a Kinesis stream: events of portfolios, worked on delivery by delivery."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import EventType

from dataharvest.batch import count_records, log_failure, run_batch
from dataharvest.model.delivery import Delivery
from dataharvest.model.portfolio import PortfolioEvent

SOURCE = "aws:kinesis"


def run_deliveries_or_portfolios(
    event: dict[str, Any],
    context: Any,
    logger: Logger,
    by_delivery: Callable[[Any], object],
    by_portfolio: Callable[[Delivery, list[str]], object],
) -> Any:
    """Call ``by_delivery`` on each message of a queue, or ``by_portfolio`` on the portfolios of a stream's batch."""
    if any(record.get("eventSource") == SOURCE for record in event.get("Records", ())):
        return run_portfolio_batch(event, logger, by_portfolio)
    return run_batch(event, context, EventType.SQS, logger, by_delivery)


def run_portfolio_batch(
    event: Mapping[str, Any], logger: Logger, work: Callable[[Delivery, list[str]], object]
) -> dict[str, list[dict[str, str]]]:
    """Call ``work`` once for each delivery with the references of its portfolios.

    Return the sequence numbers of the records of deliveries that failed, for ReportBatchItemFailures: Lambda delivers
    from the first of them on again.
    """
    waiting: dict[Delivery, list[tuple[str, str]]] = {}
    failed: list[str] = []
    for record in event["Records"]:
        number = str(record["kinesis"]["sequenceNumber"])
        try:
            found = PortfolioEvent.from_json(base64.b64decode(record["kinesis"]["data"]))
        except ValueError as error:
            log_failure(logger, error)
            failed.append(number)
        else:
            waiting.setdefault(found.delivery, []).append((number, found.portfolio_reference))
    for delivery, events in waiting.items():
        try:
            work(delivery, [reference for _, reference in events])
            logger.info("calculated", delivery=str(delivery), portfolios=len(events))
        except Exception as error:  # noqa: BLE001 - the records come again, those of other deliveries are done
            log_failure(logger, error)
            failed += [number for number, _ in events]
    count_records(logger, failed=len(failed), done=len(event["Records"]) - len(failed))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
