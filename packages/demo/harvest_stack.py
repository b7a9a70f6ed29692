"""DataHarvest on a local AWS: all resources in ``dataharvest.resources``, with a bucket, a key and a secret."""

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
from dataharvest.model.choreography import choreography
from dataharvest.resources import (
    ARRIVALS,
    BUS,
    CHUNK_TABLE,
    EVENT_SOURCE,
    MESSAGES,
    METASTORE,
    PARTITION_KEY,
    PORTFOLIO_EVENT,
    PROGRESS_TABLE,
    QUEUE,
    STREAM,
    TABLE_STREAM,
    TABLES,
    functions,
    queues,
    streams,
)
from dataharvest.resources import (
    Mapping as Source,
)
from demo.harvest_database import SECRET
from localaws.running import Running

BUCKET = "deliveries"
FAILED = "failed-batches"
ROLE = "arn:aws:iam::123456789012:role/dataharvest"
MEMORY_MB = 512
SECONDS = 300
SHARDS = 2
AT_ONCE = 2
"""Concurrent batches per queue, the minimum of AWS: on a few cores more processes would only start more slowly."""
FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
TRIES = 50
"""Receives of a message before it is moved to the dead-letter queue."""


@dataclass(frozen=True)
class Stack:
    """The URL of the message queue, and the environment of the functions."""

    messages: str
    environment: Mapping[str, str]


def deploy(aws: Running, dsn: str, dist: Path, limits: Mapping[str, str]) -> Stack:
    """Create all resources; ``dist`` is the output of ``lambdas/package.py --here``, ``limits`` are more settings."""
    migrate(make_url(dsn).set(drivername="postgresql+psycopg"))
    _, messages = _queue(aws, MESSAGES, FIFO)
    environment = {
        "DATAHARVEST_DATABASE_SECRET": _secret(aws, dsn),
        "DATAHARVEST_METASTORE": METASTORE,
        "DATAHARVEST_KMS_KEY": aws.client("kms").create_key()["KeyMetadata"]["KeyId"],
        "DATAHARVEST_MESSAGES": messages,
        "DATAHARVEST_STAGES": messages.removesuffix("messages.fifo"),
        "DATAHARVEST_CHUNK_TABLE": CHUNK_TABLE,
        "DATAHARVEST_PROGRESS_TABLE": PROGRESS_TABLE,
        "DATAHARVEST_BUS": BUS,
        **limits,
    }
    tables = {name: _table(aws, name, has_stream=has_stream) for name, has_stream in TABLES.items()}
    sources = {
        QUEUE: {name: _queue_with_dead_letters(aws, name) for name in queues(choreography())},
        TABLE_STREAM: {name: stream for name, stream in tables.items() if stream},
        STREAM: _streams(aws),
    }
    layer = _layer(aws, dist)
    aws.client("s3").create_bucket(Bucket=FAILED)
    for function in functions(choreography()):
        _function(aws, function.name, layer, environment, dist)
        for mapping in function.mappings:
            _read(aws, function.name, mapping, sources[mapping.kind][mapping.source])
    _notified_bucket(aws, sources[QUEUE][ARRIVALS])
    return Stack(messages, environment)


def _streams(aws: Running) -> dict[str, str]:
    """Create the bus, the streams and the rules that feed them; return the streams' ARNs by name."""
    aws.client("events").create_event_bus(Name=BUS)
    arns = {}
    for name in streams(choreography()):
        aws.client("kinesis").create_stream(StreamName=name, ShardCount=SHARDS)
        summary = aws.client("kinesis").describe_stream_summary(StreamName=name)
        arns[name] = str(summary["StreamDescriptionSummary"]["StreamARN"])
        pattern = json.dumps({"source": [EVENT_SOURCE], "detail-type": [PORTFOLIO_EVENT]})
        aws.client("events").put_rule(Name=name, EventBusName=BUS, EventPattern=pattern)
        target = {
            "Id": name,
            "Arn": arns[name],
            "RoleArn": ROLE,
            "InputPath": "$.detail",
            "KinesisParameters": {"PartitionKeyPath": PARTITION_KEY},
        }
        aws.client("events").put_targets(Rule=name, EventBusName=BUS, Targets=[target])
    return arns


def _secret(aws: Running, dsn: str) -> str:
    login = conninfo_to_dict(dsn)
    fields = {"username": login["user"], "password": login["password"], "host": login["host"], "port": login["port"]}
    value = json.dumps({**fields, "dbname": login["dbname"]})
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=value)
    return SECRET


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
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"]), str(url)


def _queue_with_dead_letters(aws: Running, name: str) -> str:
    """Create a queue for a function, and its dead-letter queue; return the ARN of the former."""
    dead, _ = _queue(aws, f"{name}-dead", {})
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": TRIES})
    return _queue(aws, name, {"VisibilityTimeout": str(SECONDS), "RedrivePolicy": redrive})[0]


def _read(aws: Running, function: str, mapping: Source, source: str) -> None:
    given: dict[str, Any] = {"ScalingConfig": {"MaximumConcurrency": AT_ONCE}} if mapping.kind == QUEUE else {
        "StartingPosition": "TRIM_HORIZON",
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 10,
        "ParallelizationFactor": mapping.parallelization,
        "MaximumBatchingWindowInSeconds": mapping.window_seconds,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:s3:::{FAILED}"}},
    }  # fmt: skip
    aws.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=source,
        BatchSize=mapping.batch_size,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        **given,
    )


def _table(aws: Running, name: str, *, has_stream: bool) -> str | None:
    """Create a table; return the ARN of its stream, if it has one."""
    keys: list[Any] = [("partition_key", "HASH"), ("sort_key", "RANGE")]
    stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if has_stream else {}
    answer = aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
        **({"StreamSpecification": stream} if has_stream else {}),
    )
    arn: str | None = answer["TableDescription"].get("LatestStreamArn")
    return arn


def _notified_bucket(aws: Running, arrivals: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    rule = {"QueueArn": arrivals, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [rule]})
