"""Batches of the metastore's stream: the requests to stages are sent in as few calls as possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from dataharvest.batch import count_records, failures, log_failure
from dataharvest.dispatcher import Dispatcher
from dataharvest.stage_queues import Request


def run_dispatch(event: Mapping[str, Any], logger: Logger, dispatcher: Dispatcher) -> dict[str, Any]:
    """Send requests to the stages that the records made ready; return the sequence numbers of failed records.

    Lambda retries from the first failed record on. A stage that receives a request twice finds its work done.
    """
    asked: dict[str, tuple[Request, ...]] = {}
    failed: list[str] = []
    for record in event["Records"]:
        number = str(record["dynamodb"]["SequenceNumber"])
        try:
            asked[number] = dispatcher.requests(record)
        except Exception as error:  # noqa: BLE001 - the record comes again
            log_failure(logger, error)
            failed.append(number)
    refused = dispatcher.queues.ask_all(request for requests in asked.values() for request in requests)
    for request, reason in refused.items():
        logger.error("request not sent", stage=request.name, delivery=request.body, error=reason)
    failed += [number for number, requests in asked.items() if any(request in refused for request in requests)]
    for request in [request for requests in asked.values() for request in requests if request not in refused]:
        logger.info("request sent", stage=request.name, delivery=request.body)
    count_records(logger, failed=len(failed), done=len(event["Records"]) - len(failed))
    return failures(failed)
