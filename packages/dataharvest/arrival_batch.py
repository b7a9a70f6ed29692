"""Batches of S3 events. Files of one delivery usually arrive together, and their flags are set in one write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dataharvest.batch import count_records, failures, log_failure
from dataharvest.metastore import Transition
from dataharvest.model.delivery import Delivery
from dataharvest.model.events import delivered_objects
from dataharvest.persistence.persist import PERSISTED, Persistence
from dataharvest.persistence.register import Registered


def run_arrivals(event: dict[str, Any], logger: Logger, persistence: Persistence) -> dict[str, Any]:
    """Load every object that the messages name; return the ids of the failed messages.

    Flags are set after all commits, in one call for all deliveries. After a crash before that, every message is
    delivered again; it then finds the files loaded and only sets the flags.
    """
    records = [*SQSEvent(event).records]
    waiting: dict[Delivery, list[tuple[str, Registered]]] = {}
    failed: dict[str, None] = {}
    for record in records:
        try:
            for registered in _load(record, logger, persistence):
                waiting.setdefault(registered.delivery, []).append((record.message_id, registered))
        except Exception as error:  # noqa: BLE001 - the message comes again
            log_failure(logger, error)
            failed[record.message_id] = None
    transitions = [
        _transition(delivery, [registered for _, registered in files]) for delivery, files in waiting.items()
    ]
    for files, problem in zip(waiting.values(), persistence.metastore.set_all(transitions), strict=True):
        if problem:
            log_failure(logger, problem)
            failed |= dict.fromkeys(identity for identity, _ in files)
    count_records(logger, failed=len(failed), done=len(records) - len(failed))
    return failures(failed)


def _transition(delivery: Delivery, files: Sequence[Registered]) -> Transition:
    flags = dict.fromkeys(flag for file in files for flag in file.flags)
    return Transition(delivery, tuple(flags), is_new=any(file.is_new for file in files))


def _load(record: SQSRecord, logger: Logger, persistence: Persistence) -> list[Registered]:
    """Load the objects of one message; return the registrations whose flags must be set."""
    registered = []
    for delivered in delivered_objects(record.json_body):
        outcome = persistence.load(delivered)
        message = PERSISTED if isinstance(outcome, Registered) else outcome
        logger.info(message, key=delivered.key, bytes=delivered.size)
        registered += [outcome] if isinstance(outcome, Registered) else []
    return registered
