"""Processing of a batch record by record, for all handlers; only failed records are delivered again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

from estrela.errors import bounded

NAMESPACE = "DataHarvest"


class _LoggingProcessor(BatchProcessor):
    """Logs the error of each failed record, which powertools does not do."""

    def __init__(self, event_type: EventType, logger: Logger) -> None:
        super().__init__(event_type=event_type, raise_on_entire_batch_failure=False)
        self._logger = logger

    def failure_handler(self, record: Any, exception: Any) -> Any:
        """Log the error's text, which never contains values of sensitive columns."""
        log_failure(self._logger, exception[1])
        return super().failure_handler(record, exception)


def run_batch(
    event: dict[str, Any], context: Any, event_type: EventType, logger: Logger, work: Callable[[Any], object]
) -> PartialItemFailureResponse:
    """Call ``work`` on each record; return the ids of those that failed, for ReportBatchItemFailures.

    The counts of processed and failed records are CloudWatch metrics in the namespace DataHarvest, with the function as
    a dimension.
    """
    processor = _LoggingProcessor(event_type, logger)
    answer = process_partial_response(event, work, processor, context)
    count_records(logger, failed=len(processor.fail_messages), done=len(processor.success_messages))
    return answer


def failures(identifiers: Iterable[str]) -> dict[str, Any]:
    """Return the response of a function whose event source mapping has ReportBatchItemFailures."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def log_failure(logger: Logger, error: BaseException) -> None:
    """Log the error's text, which never contains values of sensitive columns."""
    logger.error("record failed", error=f"{type(error).__name__}: {bounded(error, 1000)}")


def count_records(logger: Logger, *, failed: int, done: int) -> None:
    """Write the metrics of one batch."""
    metrics = Metrics(namespace=NAMESPACE, service=logger.service)
    metrics.add_metric("RecordsFailed", MetricUnit.Count, failed)
    metrics.add_metric("RecordsDone", MetricUnit.Count, done)
    metrics.flush_metrics()
