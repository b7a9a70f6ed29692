"""Measure the files that wait in the ledger; the alarms of feeds are triggered by these metrics."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from estrela.ledger.waiting import HOURS_SINCE_ARRIVAL, OLDEST_NEW_AGE, hours_since_arrival, oldest_new_seconds
from estrela.warehouse_parts import WarehouseParts

parts = WarehouseParts(os.environ, boto3.Session())
ENVIRONMENT = os.environ["METRICS_ENVIRONMENT"]
metrics = Metrics(service="ledger")
metrics.set_default_dimensions(environment=ENVIRONMENT)


@metrics.log_metrics
def handler(_: dict[str, Any], __: Any) -> None:
    """Entry point of the Lambda function: print the metrics in CloudWatch's embedded format."""
    metrics.add_metric(OLDEST_NEW_AGE, MetricUnit.Seconds, oldest_new_seconds(parts.database))
    dimensions = {"service": "ledger", "environment": ENVIRONMENT}
    for feed, hours in hours_since_arrival(parts.database).items():
        with single_metric(HOURS_SINCE_ARRIVAL, MetricUnit.NoUnit, hours, default_dimensions=dimensions) as metric:
            metric.add_dimension("feed", feed)
