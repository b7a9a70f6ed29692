"""Count the dates that are incomplete after their due hour, as a metric for an alarm."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from dataharvest.batch import NAMESPACE
from dataharvest.functions import Functions
from dataharvest.overdue import OVERDUE_DATES, overdue_dates
from dataharvest.tracing import traced

functions = Functions.from_environment()
metrics = Metrics(namespace=NAMESPACE, service="dataharvest_metrics")
metrics.set_default_dimensions(environment=os.environ["METRICS_ENVIRONMENT"])


@traced("dataharvest_metrics")
@metrics.log_metrics
def handler(_: dict[str, Any], __: Any) -> None:
    """Entry point of the Lambda function: print the metric in CloudWatch's embedded format."""
    count = overdue_dates(functions.database, functions.settings.due_hours)
    metrics.add_metric(OVERDUE_DATES, MetricUnit.Count, count)
