"""Messages to an on-failure destination about records that the function never processed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localaws.events.mappings.batch import SourceRecord, payload_of
from localaws.events.outbox import Message
from localaws.events.targets import as_text
from localaws.functions.runner import Result

AGE_EXCEEDED, RETRIES_EXHAUSTED = "RecordAgeExceeded", "RetryAttemptsExhausted"
_BATCH_INFO = {"dynamodb": "DDBStreamBatchInfo", "kinesis": "KinesisBatchInfo"}


def failure_message(
    mapping: Mapping[str, Any],
    shard: str,
    records: Sequence[SourceRecord],
    condition: str,
    calls: int,
    result: Result | None,
) -> Message | None:
    """Return the delivery to a mapping's on-failure destination, or None if it has none.

    Queues and topics receive only the position of the records in the shard. A bucket receives the records too, under
    the key that AWS documents: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    arn = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not arn:
        return None
    document = _context(mapping, condition, calls, result)
    document |= _batch_info(mapping["EventSourceArn"], shard, records)
    if arn.split(":")[2] != "s3":
        return Message(arn, {"body": as_text(document)})
    now = datetime.now(UTC)
    place = f"{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
    document["payload"] = payload_of(records).decode()
    region = mapping["EventSourceArn"].split(":")[3]
    return Message(
        arn, {"document": document, "key": f"aws/lambda/{mapping['UUID']}/{shard}/{place}", "region": region}
    )


def _context(mapping: Mapping[str, Any], condition: str, calls: int, result: Result | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "requestContext": {
            "requestId": result.request_id if result else str(uuid.uuid4()),
            "functionArn": mapping["FunctionArn"],
            "condition": condition,
            # Of records that expire before an invocation, AWS says 1 (test_lambda_integration_kinesis.snapshot.json).
            "approximateInvokeCount": max(calls, 1),
        }
    }
    if result and condition != AGE_EXCEEDED:
        error = result.function_error or None
        document["responseContext"] = {"statusCode": 200, "executedVersion": result.version, "functionError": error}
    return document | {"version": "1.0", "timestamp": _iso(datetime.now(UTC))}


def _batch_info(source: str, shard: str, records: Sequence[SourceRecord]) -> dict[str, Any]:
    kind = source.split(":")[2]
    first, last = (_arrival(kind, record.created) for record in (records[0], records[-1]))
    info = {
        "shardId": shard,
        "startSequenceNumber": records[0].identifier,
        "endSequenceNumber": records[-1].identifier,
        "approximateArrivalOfFirstRecord": first,
        "approximateArrivalOfLastRecord": last,
        "batchSize": len(records),
        "streamArn": source,
    }
    return {_BATCH_INFO[kind]: info}


def _arrival(kind: str, created: float) -> str:
    """Return the arrival time of a record, which DynamoDB rounds to seconds."""
    moment = datetime.fromtimestamp(created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if kind == "dynamodb" else _iso(moment)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
