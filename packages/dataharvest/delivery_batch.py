"""Batches of requests to a stage: it works on one delivery after another, and their flags are set in one call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import SQSEvent

from dataharvest.batch import count_records, failures, log_failure
from dataharvest.metastore import Metastore, Transition
from dataharvest.model.delivery import Delivery

LONGEST_WAIT = 1.0
"""Seconds after which flags are set although the batch has more deliveries, because other stages wait for them."""


def run_deliveries(
    event: dict[str, Any], logger: Logger, metastore: Metastore, work: Callable[[Delivery], Transition | None]
) -> dict[str, Any]:
    """Call ``work`` on the delivery of each message, then set the flags that it returned; return the ids of the failed
    messages.

    ``work`` returns None if a newer version replaced the delivery. After a crash before the flags are set, every
    message is delivered again; ``work`` then finds its part done.
    """
    failed: dict[str, None] = {}
    waiting: dict[str, Transition] = {}
    records, since = [*SQSEvent(event).records], time.monotonic()
    for at, record in enumerate(records, 1):
        try:
            delivery = Delivery.from_json(record.body)
            transition = work(delivery)
            logger.info("done", delivery=str(delivery), is_current=transition is not None)
        except Exception as error:  # noqa: BLE001 - the message comes again
            log_failure(logger, error)
            failed[record.message_id] = None
        else:
            waiting |= {record.message_id: transition} if transition else {}
        if at == len(records) or time.monotonic() - since > LONGEST_WAIT:
            for message, problem in zip(waiting, metastore.set_all([*waiting.values()]), strict=True):
                if problem:
                    log_failure(logger, problem)
                    failed[message] = None
            waiting, since = {}, time.monotonic()
    count_records(logger, failed=len(failed), done=len(records) - len(failed))
    return failures(failed)
