"""DataHarvest on a local AWS: bucket, metastore, queues, key, secret, functions and what invokes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from dataharvest.database.schema import migrate
from dataharvest.model.choreography import CATAPULT, choreography
from localaws.running import Running

BUCKET = "deliveries"
FAILED = "failed-batches"
METASTORE = "dataharvest"
ARRIVALS = "dataharvest-arrivals"
DATABASE = "dataharvest/database"
STAGES = "dataharvest-"
ROLE = "arn:aws:iam::123456789012:role/dataharvest"
MEMORY_MB = 512
SECONDS = 300
TRIES = 50
"""Deliveries of a message before it goes to the dead-letter queue."""


@dataclass(frozen=True)
class Stack:
    """The queue of the messages, and the settings of the functions."""

    messages: str
    environment: Mapping[str, str]


def deploy(aws: Running, dsn: str, dist: Path) -> Stack:
    """Make everything; ``dist`` holds what ``lambdas/package.py --here`` builds."""
    migrate(make_url(dsn).set(drivername="postgresql+psycopg"))
    _, messages = _queue(aws, "dataharvest-messages.fifo", {"FifoQueue": "true"})
    environment = {
        "DATAHARVEST_DATABASE_SECRET": _secret(aws, dsn),
        "DATAHARVEST_METASTORE": METASTORE,
        "DATAHARVEST_KMS_KEY": aws.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "DATAHARVEST_MESSAGES": messages,
        "DATAHARVEST_STAGES": messages.removesuffix("messages.fifo"),
    }
    layer = _layer(aws, dist)
    functions = {
        "dataharvest_persistence": _worked_queue(aws, ARRIVALS),
        **{
            _function_of(stage.name): _worked_queue(aws, STAGES + stage.name)
            for stage in choreography().stages
        },
    }  # fmt: skip
    for name, source in functions.items():
        _function(aws, name, layer, environment, dist)
        _read_queue(aws, name, source)
    _function(aws, "dataharvest_dispatcher", layer, environment, dist)
    _read_stream(aws, "dataharvest_dispatcher", _metastore(aws))
    _notified_bucket(aws, functions["dataharvest_persistence"])
    return Stack(messages, environment)


def _function_of(stage: str) -> str:
    return f"dataharvest_{stage}" if stage == CATAPULT else f"dataharvest_{stage}_transformer"


def _secret(aws: Running, dsn: str) -> str:
    found = conninfo_to_dict(dsn)
    fields = {"username": found["user"], "password": found["password"], "host": found["host"], "port": found["port"]}
    value = json.dumps({**fields, "dbname": found["dbname"]})
    aws.client("secretsmanager").create_secret(Name=DATABASE, SecretString=value)
    return DATABASE


def _layer(aws: Running, dist: Path) -> str:
    content = {"ZipFile": (dist / "dataharvest-libraries.zip").read_bytes()}
    answer = aws.client("lambda").publish_layer_version(LayerName="dataharvest-libraries", Content=content)
    return str(answer["LayerVersionArn"])


def _function(aws: Running, name: str, layer: str, environment: Mapping[str, str], dist: Path) -> None:
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": (dist / f"{name}.zip").read_bytes()},
        Layers=[layer],
        Environment={"Variables": dict(environment)},
        MemorySize=MEMORY_MB,
        Timeout=SECONDS,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def _queue(aws: Running, name: str, attributes: Mapping[str, str]) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=dict(attributes))["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"]), str(url)


def _worked_queue(aws: Running, name: str) -> str:
    """Make a queue that a function works on, and its dead-letter queue; return the ARN of the former."""
    dead, _ = _queue(aws, f"{name}-dead", {})
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": TRIES})
    return _queue(aws, name, {"VisibilityTimeout": str(SECONDS), "RedrivePolicy": redrive})[0]


def _read_queue(aws: Running, function: str, source: str) -> None:
    aws.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=source, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )


def _read_stream(aws: Running, function: str, source: str) -> None:
    aws.client("s3").create_bucket(Bucket=FAILED)
    aws.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=source,
        BatchSize=100,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{FAILED}"}},
    )


def _metastore(aws: Running) -> str:
    keys: list[Any] = [("partition_key", "HASH"), ("sort_key", "RANGE")]
    made = aws.client("dynamodb").create_table(
        TableName=METASTORE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def _notified_bucket(aws: Running, arrivals: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    rule = {"QueueArn": arrivals, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [rule]})
