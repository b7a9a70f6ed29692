"""Delivery faults: S3 events arrive twice, out of order or never. Records and messages for mappings arrive twice, late
and out of order across keys, but they are never lost, and those with the same key keep their order.

One server and one function serve all sources at the same time, so that their delays overlap.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from mapping_bench import ACCOUNT, Bench
from waiting import eventually

from localaws.errors import LocalAwsError
from localaws.events.misdelivery import BatchMisdelivery, Misbehaviour, Misdelivery, parse_misbehaviour
from localaws.running import Running, running

KEYS = "abcdef"
NAMES = [f"{key}{number}" for number in range(5) for key in KEYS]
OBJECTS = [f"{number:02}" for number in range(30)]
SOURCES = ("stream", "table", "queue", "groups")
ASTRAY, SEED = "duplicates=0.5,reorder,delay=100ms,lose=0.2", 7


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(misdeliver=ASTRAY, seed=SEED) as started:
        yield started


@pytest.fixture(scope="module")
def bench(server: Running, functions_of: Any) -> Bench:
    """A function that received the same names from a stream, a table, a queue and a FIFO queue."""
    bench = Bench(functions_of(server), server.home / "out")
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    entries = [{"PartitionKey": name[0], "Data": f"stream {name}".encode()} for name in NAMES]
    kinesis.put_records(StreamName="s", Records=entries)
    table = bench.table()
    bench.put(table, *(f"table {name}" for name in NAMES))
    url, queue = bench.queue()
    groups_url, groups = bench.queue(".fifo", FifoQueue="true")
    for start in range(0, len(NAMES), 10):
        part = NAMES[start : start + 10]
        bodies = [{"Id": name, "MessageBody": f"queue {name}"} for name in part]
        bench.sqs.send_message_batch(QueueUrl=url, Entries=bodies)
        in_groups = [
            {"Id": name, "MessageBody": f"groups {name}", "MessageGroupId": name[0], "MessageDeduplicationId": name}
            for name in part
        ]
        bench.sqs.send_message_batch(QueueUrl=groups_url, Entries=in_groups)
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    bench.map(stream, StartingPosition="TRIM_HORIZON", ParallelizationFactor=3, BatchSize=5)
    bench.map_table(table, BatchSize=10)
    bench.map(queue)
    bench.map(groups)
    everything = {f"{source} {name}" for source in SOURCES for name in NAMES}
    eventually(lambda: {*bench.seen()} == everything)
    waiting = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for address in (url, groups_url):
        given = {"QueueUrl": address, "AttributeNames": waiting}
        eventually(lambda: {*bench.sqs.get_queue_attributes(**given)["Attributes"].values()} == {"0"})  # noqa: B023
    return bench


def by_key(names: list[str]) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[name[0]].append(name)
    return groups


@pytest.mark.parametrize("source", SOURCES)
def test_records_may_be_duplicated_and_late_but_none_is_lost(bench: Bench, source: str) -> None:
    seen = [name.split()[1] for name in bench.seen() if name.startswith(f"{source} ")]
    assert max(Counter(seen).values()) == 2
    first_times = list(dict.fromkeys(seen))
    assert set(first_times) == set(NAMES)
    assert first_times != NAMES
    if source in ("stream", "groups"):  # an item of a table is a key of its own, and a message of a queue has none
        assert by_key(first_times) == by_key(NAMES)


def test_s3_events_may_be_duplicated_reordered_or_lost(server: Running, bench: Bench) -> None:
    s3, (url, arn) = server.client("s3"), bench.queue()
    s3.create_bucket(Bucket="misled")
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="misled", NotificationConfiguration=configuration)
    for key in OBJECTS:
        s3.put_object(Bucket="misled", Key=key, Body=b"1")
    plan = Misdelivery(parse_misbehaviour(ASTRAY), SEED)
    _of_the_test_event, *times = [len(plan.delays()) for _ in ["test event", *OBJECTS]]
    assert {*times} == {0, 1, 2}
    keys: list[str] = []

    def arrived() -> bool:
        for message in bench.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            keys.extend(record["s3"]["object"]["key"] for record in json.loads(message["Body"]).get("Records", []))
        return len(keys) >= sum(times)

    eventually(arrived)
    assert [Counter(keys)[key] for key in OBJECTS] == times
    assert keys != sorted(keys)


def test_a_seed_decides_the_same_and_keys_keep_their_order() -> None:
    plan = Misbehaviour(duplicates=0.3, delay=2.0, reorder=True)
    once, again = BatchMisdelivery(plan, "1 q f"), BatchMisdelivery(plan, "1 q f")
    assert [once.pause() for _ in range(20)] == [again.pause() for _ in range(20)]
    assert [once.is_redelivered() for _ in range(20)] == [again.is_redelivered() for _ in range(20)]
    shuffled = once.shuffled(NAMES, lambda name: name[0])
    assert shuffled != NAMES
    assert by_key(shuffled) == by_key(NAMES)
    calm = BatchMisdelivery(Misbehaviour(lose=1.0), "1 q f")
    assert (calm.pause(), calm.is_redelivered(), calm.shuffled(NAMES, str)) == (0.0, False, NAMES)


@pytest.mark.parametrize("text", ["often", "duplicates=2", "lose", "delay=2", "reorder=1"])
def test_an_invalid_misdelivery_setting_is_refused(text: str) -> None:
    allowed = "allowed are duplicates=SHARE and lose=SHARE with a SHARE from 0 to 1, delay=2s or 200ms, reorder"
    with pytest.raises(LocalAwsError, match=f"^{re.escape(f'misdelivery {text!r} is not known; {allowed}')}$"):
        parse_misbehaviour(f"duplicates=0.2,{text}")


@pytest.mark.parametrize(("delay", "longest"), [(0.0, 1.0), (0.1, 0.1), (3.0, 3.0)])
def test_out_of_order_means_a_delay_of_up_to_a_second_unless_one_is_given(delay: float, longest: float) -> None:
    assert Misbehaviour(delay=delay, reorder=True).longest_delay == longest
