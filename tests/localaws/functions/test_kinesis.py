"""Kinesis: records stay readable during their retention, and invoke functions in order per key."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from localaws.running import Running

RECORDING = """
    import base64, json, os
    def handler(event, context):
        with open(os.environ["OUT"], "a") as file:
            for record in event["Records"]:
                file.write(json.dumps([record["kinesis"]["partitionKey"], base64.b64decode(record["kinesis"]["data"]).decode()]) + "\\n")
"""  # noqa: E501


@pytest.fixture(scope="module")
def kinesis(aws: Running) -> Any:
    return aws.client("kinesis")


def make_stream(kinesis: Any, shards: int = 1) -> tuple[str, str]:
    name = f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    return name, kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def put(kinesis: Any, stream: str, *records: tuple[str, str]) -> None:
    entries = [{"PartitionKey": key, "Data": data.encode()} for key, data in records]
    kinesis.put_records(StreamName=stream, Records=entries)


def read(kinesis: Any, stream: str, shard: str = "shardId-000000000000", **options: Any) -> list[dict[str, Any]]:
    given = {"ShardIteratorType": "TRIM_HORIZON", **options}
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **given)["ShardIterator"]
    batch: list[dict[str, Any]] = kinesis.get_records(ShardIterator=iterator)["Records"]
    return batch


def written(out: Path) -> list[list[str]]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def test_records_are_read_again_and_from_any_place(kinesis: Any) -> None:
    stream, arn = make_stream(kinesis)
    put(kinesis, stream, ("k", "a"), ("k", "b"), ("k", "c"))
    records = read(kinesis, stream)
    assert [record["Data"] for record in records] == [b"a", b"b", b"c"]
    assert read(kinesis, stream) == records
    numbers = [record["SequenceNumber"] for record in records]
    assert {len(number) for number in numbers} == {56}
    after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": numbers[0]}
    assert [record["Data"] for record in read(kinesis, stream, **after)] == [b"b", b"c"]
    assert read(kinesis, stream, ShardIteratorType="LATEST") == []
    by_arn = kinesis.get_shard_iterator(StreamARN=arn, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    assert len(kinesis.get_records(ShardIterator=by_arn["ShardIterator"])["Records"]) == 3
    (shard,) = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["Shards"]
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    assert (len(start), start < numbers[0]) == (56, True)
    at_start = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": start}
    assert [record["Data"] for record in read(kinesis, stream, **at_start)] == [b"a", b"b", b"c"]


def test_a_stream_without_a_number_of_shards_is_on_demand(kinesis: Any) -> None:
    """As recorded in tests/aws/services/kinesis/test_kinesis.snapshot.json."""
    name = f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name)
    shown = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (shown["OpenShardCount"], shown["StreamModeDetails"]) == (4, {"StreamMode": "ON_DEMAND"})
    shards = kinesis.describe_stream(StreamName=name)["StreamDescription"]["Shards"]
    assert len({shard["SequenceNumberRange"]["StartingSequenceNumber"] for shard in shards}) == 4
    consumer = kinesis.register_stream_consumer(StreamARN=shown["StreamARN"], ConsumerName="c")["Consumer"]
    moment = int(consumer["ConsumerCreationTimestamp"].timestamp())
    assert consumer["ConsumerARN"] == f"{shown['StreamARN']}/consumer/c:{moment}"


def test_each_request_makes_an_iterator_of_its_own(kinesis: Any) -> None:
    stream, _ = make_stream(kinesis)
    place = {"StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    first = kinesis.get_shard_iterator(**place)["ShardIterator"]
    following = kinesis.get_records(ShardIterator=first)["NextShardIterator"]
    assert len({first, following, kinesis.get_records(ShardIterator=first)["NextShardIterator"]}) == 3
    put(kinesis, stream, ("k", "a"))
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=following)["Records"]] == [b"a"]


def test_order_holds_for_each_key_in_parallel_lanes(functions: Any, kinesis: Any, exchange: Path) -> None:
    out = exchange / "out"
    name = functions.create(RECORDING, Environment={"Variables": {"OUT": str(out)}})
    stream, arn = make_stream(kinesis, 2)
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=5, ParallelizationFactor=3
    )
    put(kinesis, stream, *[(f"k{number % 7}", f"{number:03}") for number in range(70)])
    eventually(lambda: len(written(out)) >= 70)
    for key in {key for key, _ in written(out)}:
        values = [data for other, data in written(out) if other == key]
        assert values == sorted(values)
    assert len(written(out)) == 70


def test_filters_see_the_data_as_json(functions: Any, kinesis: Any, exchange: Path) -> None:
    out = exchange / "out"
    name = functions.create(RECORDING, Environment={"Variables": {"OUT": str(out)}})
    stream, arn = make_stream(kinesis)
    pattern = json.dumps({"data": {"kind": ["deposit"], "amount": [{"numeric": [">", 10]}]}})
    put(kinesis, stream, ("k", '{"kind": "deposit", "amount": 50}'))
    functions.client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )  # fmt: skip
    put(
        kinesis, stream, ("k", "no json"), ("k", '{"kind": "tax", "amount": 50}'),
        ("k", '{"kind": "deposit", "amount": 5}'), ("k", '{"kind": "deposit", "amount": 11}'),
    )  # fmt: skip
    eventually(lambda: len(written(out)) >= 2)
    assert [json.loads(data)["amount"] for _, data in written(out)] == [50, 11]


def test_a_mapping_reads_the_shards_of_a_split(functions: Any, kinesis: Any, exchange: Path) -> None:
    out = exchange / "out"
    name = functions.create(RECORDING, Environment={"Variables": {"OUT": str(out)}})
    stream, arn = make_stream(kinesis)
    functions.client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON")
    put(kinesis, stream, ("k", "before"))
    kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    put(kinesis, stream, *[(str(number), f"after {number}") for number in range(6)])
    eventually(lambda: len(written(out)) >= 7)
    assert read(kinesis, stream)[0]["Data"] == b"before"
