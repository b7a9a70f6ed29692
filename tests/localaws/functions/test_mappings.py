"""Event source mappings on DynamoDB streams: batches, order, filters, retries, destinations, restarts."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mapping_bench import ACCOUNT, Bench
from waiting import eventually


def test_a_stream_arrives_in_order_and_in_batches(bench: Bench) -> None:
    table = bench.table()
    names = [f"{number:02}" for number in range(25)]
    bench.put(table, *names)
    bench.map_table(table, BatchSize=10)
    eventually(lambda: len(bench.seen()) >= 25)
    assert [len(batch) for batch in bench.batches()] == [10, 10, 5]
    assert bench.seen() == names


def test_reading_may_start_with_what_comes_next(bench: Bench) -> None:
    table = bench.table()
    bench.put(table, "before")
    arn = bench.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    bench.map(arn, StartingPosition="LATEST")
    bench.put(table, "after")
    eventually(lambda: bench.seen() == ["after"])


def test_a_filter_matches_only_the_change_that_completes_both_flags(bench: Bench) -> None:
    """The filter matches when both flags are set and the result is not. Later writes to the item do not match again.

    ``exists`` tests leaves: on the attribute itself, instead of its ``S``, it is never true.
    """
    table = bench.table()
    pattern = {"dynamodb": {"NewImage": {"a": {"S": ["y"]}, "b": {"S": ["y"]}, "done": {"S": [{"exists": False}]}}}}
    bench.map_table(table, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    bench.put(table, "one", a="y")
    bench.put(table, "one", a="y", b="y")
    bench.put(table, "one", a="y", b="y", done="y")
    bench.put(table, "two", a="y", b="y")
    eventually(lambda: "two" in bench.seen())
    assert bench.seen() == ["one", "two"]


def test_a_batch_is_bisected_down_to_the_bad_record(bench: Bench) -> None:
    table = bench.table()
    url, arn = bench.queue()
    bench.put(table, "a", "b", "bad", "d")
    bench.map_table(
        table, BatchSize=4, BisectBatchOnFunctionError=True, MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )  # fmt: skip
    record = json.loads(bench.message(url)["Body"])
    eventually(lambda: bench.batches()[-1] == ["d"])
    assert bench.batches() == [
        ["a", "b", "bad", "d"], ["a", "b"], ["bad", "d"], ["bad"], ["bad"], ["bad"], ["d"],
    ]  # fmt: skip
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = record["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["startSequenceNumber"]) == (1, info["endSequenceNumber"])
    assert "payload" not in record


def test_a_partial_failure_is_retried_from_the_first_failed_record(functions: Any, exchange: Path) -> None:
    """The rest of the batch starts with new retries
    (event_source_mapping/test_lambda_integration_kinesis.snapshot.json).
    """
    bench = Bench(functions, exchange / "out", PARTIAL="1")
    table = bench.table()
    bucket = f"b-{uuid.uuid4().hex[:8]}"
    s3 = bench.server.client("s3")
    s3.create_bucket(Bucket=bucket)
    bench.put(table, "a", "bad", "c")
    uid = bench.map_table(
        table, MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )  # fmt: skip
    key = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))[0]["Key"]
    assert bench.batches()[:3] == [["a", "bad", "c"], ["bad", "c"], ["bad", "c"]]
    assert key.startswith(f"aws/lambda/{uid}/shardId-")
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert document["requestContext"]["approximateInvokeCount"] == 2
    records = json.loads(document["payload"])["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records] == ["bad", "c"]


def test_a_disabled_mapping_goes_on_where_it_was(bench: Bench) -> None:
    table, client = bench.table(), bench.functions.client
    uid = bench.map_table(table)
    bench.put(table, "a")
    eventually(lambda: bench.seen() == ["a"])
    client.update_event_source_mapping(UUID=uid, Enabled=False)
    bench.put(table, "b")
    time.sleep(1)
    assert bench.seen() == ["a"]
    client.update_event_source_mapping(UUID=uid, Enabled=True)
    eventually(lambda: bench.seen() == ["a", "b"])
    client.delete_event_source_mapping(UUID=uid)
    with pytest.raises(ClientError):
        client.get_event_source_mapping(UUID=uid)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"TumblingWindowInSeconds": 5},
         "localaws does not support TumblingWindowInSeconds: no state is passed from one batch to the next"),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"a": "b"}'}]}},
         "Invalid filter pattern definition."),
        ({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1}, "Unsupported starting position for arn"),
        ({"FunctionName": "nobody"}, "Function does not exist"),
        ({"EventSourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/none/stream/2026-01-01T00:00:00"},
         "Stream not found"),
        ({"EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "StartingPosition": ""},
         "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."),
    ],
)  # fmt: skip
def test_mappings_that_are_refused(bench: Bench, settings: dict[str, Any], message: str) -> None:
    arn = bench.dynamodb.describe_table(TableName=bench.table())["Table"]["LatestStreamArn"]
    given = {"FunctionName": bench.name, "EventSourceArn": arn, "StartingPosition": "LATEST", **settings}
    if not given["StartingPosition"]:
        del given["StartingPosition"]
    with pytest.raises(ClientError) as error:
        bench.functions.client.create_event_source_mapping(**given)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert error.value.response["Error"]["Message"].startswith(message)


def test_more_lanes_and_fewer_go_on_where_the_others_were(bench: Bench) -> None:
    table = bench.table()
    uid = bench.map_table(table)
    names: list[str] = []
    for factor in (1, 4, 1, 3, 10, 2):
        bench.functions.client.update_event_source_mapping(UUID=uid, ParallelizationFactor=factor)
        names += [f"{factor}-{len(names) + number}" for number in range(8)]
        bench.put(table, *names[-8:])
    eventually(lambda: len(set(bench.seen())) == len(names))
    assert sorted(bench.seen()) == sorted(names)
