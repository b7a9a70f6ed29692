"""Settings of event source mappings: defaults, limits and refusals.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.events.pattern_rules import PatternError, parse_pattern
from localaws.functions.errors import invalid, refused

REFUSED = {
    "TumblingWindowInSeconds": "no state is passed from one batch to the next",
    "ProvisionedPollerConfig": "pollers are threads of this server",
    "MetricsConfig": "mappings send no metrics",
    "LoggingConfig": "mappings write no logs",
    "KMSKeyArn": "filters are not encrypted",
    "Topics": "Kafka is not supported",
    "Queues": "message brokers are not supported",
    "SourceAccessConfigurations": "Kafka and message brokers are not supported",
    "SelfManagedEventSource": "Kafka is not supported",
    "AmazonManagedKafkaEventSourceConfig": "Kafka is not supported",
    "SelfManagedKafkaEventSourceConfig": "Kafka is not supported",
    "DocumentDBEventSourceConfig": "DocumentDB is not supported",
}
_OF_STREAMS = (
    "StartingPosition", "StartingPositionTimestamp", "ParallelizationFactor", "BisectBatchOnFunctionError",
    "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DestinationConfig",
)  # fmt: skip
_MOST_FILTERS = 5
# Seconds; API_CreateEventSourceMapping: "less than 60 and greater than -1 [...] not allowed".
_LEAST_AGE = 60
_DESTINATIONS = ("arn:aws:sqs:", "arn:aws:sns:", "arn:aws:s3:::")


@dataclass(frozen=True)
class Kind:
    """Limits of a kind of source."""

    batch_size: int
    most_records: int
    is_stream: bool


KINDS = {
    "dynamodb": Kind(100, 10000, is_stream=True),
    "kinesis": Kind(100, 10000, is_stream=True),
    "sqs": Kind(10, 10000, is_stream=False),
}


def kind_of(arn: str) -> str:
    """Return the service of a source. Raises InvalidParameterValueException."""
    parts = arn.split(":")
    name = parts[2] if len(parts) > 5 else ""
    if name not in KINDS:
        raise invalid("Unrecognized event source.")
    return name


def settings_of(given: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Return the settings of a new mapping, with AWS's defaults."""
    kind = KINDS[kind_of(arn)]
    common = {"BatchSize": kind.batch_size, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
    of_stream = {
        "ParallelizationFactor": 1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": -1,
        "TumblingWindowInSeconds": 0,
        "DestinationConfig": {"OnFailure": {}},
    }
    return changed_settings({**common, **(of_stream if kind.is_stream else {})}, given, arn)


def changed_settings(settings: Mapping[str, Any], given: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Return the settings with those of a request applied. Raises LambdaError."""
    for name, why in REFUSED.items():
        if given.get(name):
            raise refused(name, why)
    kind = KINDS[kind_of(arn)]
    names = ("BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "FilterCriteria", "ScalingConfig")
    new = {**settings, **{name: given[name] for name in (*names, *_OF_STREAMS) if given.get(name) is not None}}
    if not kind.is_stream:
        _check_queue(new, given, arn)
    else:
        _check_stream(new)
    if not 1 <= new["BatchSize"] <= kind.most_records:
        text = f"BatchSize {new['BatchSize']} is out of range; 1 to {kind.most_records} are allowed."
        raise invalid(text)
    if new["BatchSize"] > 10 and not kind.is_stream and not new["MaximumBatchingWindowInSeconds"]:
        text = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        raise invalid(text)
    _check_filters(new)
    return new


def patterns_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the filters of a mapping. An event passes if any filter matches, or if there are no filters."""
    return [json.loads(item["Pattern"]) for item in (settings.get("FilterCriteria") or {}).get("Filters") or []]


def _check_queue(new: dict[str, Any], given: Mapping[str, Any], arn: str) -> None:
    for name in _OF_STREAMS:
        if given.get(name) is not None:
            raise invalid(f"Unsupported {name} parameter for given event source mapping type.")
    if arn.endswith(".fifo"):
        if new["MaximumBatchingWindowInSeconds"]:
            raise invalid("Batching window is not supported for FIFO queues")
        if new["BatchSize"] > 10:
            raise invalid("Batch size must be 10 or less for FIFO queues")


def _check_stream(new: dict[str, Any]) -> None:
    if new.get("ScalingConfig"):
        raise invalid("Unsupported ScalingConfig parameter for given event source mapping type.")
    age = new["MaximumRecordAgeInSeconds"]
    if 0 <= age < _LEAST_AGE:
        raise invalid(f"MaximumRecordAgeInSeconds {age} is out of range; -1 or {_LEAST_AGE} to 604800 are allowed.")
    destination = (new["DestinationConfig"].get("OnFailure") or {}).get("Destination")
    if destination and not destination.startswith(_DESTINATIONS):
        raise refused(f"DestinationConfig.OnFailure {destination}", "failures go to SQS, SNS or S3")


def _check_filters(new: dict[str, Any]) -> None:
    filters = (new.get("FilterCriteria") or {}).get("Filters") or []
    if not filters:
        new.pop("FilterCriteria", None)
    if len(filters) > _MOST_FILTERS:
        raise invalid(f"Filter patterns count is greater than the limit of {_MOST_FILTERS}.")
    for item in filters:
        try:
            parse_pattern(item.get("Pattern") or "")
        except PatternError as error:
            raise invalid("Invalid filter pattern definition.") from error
