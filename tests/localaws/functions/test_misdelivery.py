"""Misdelivery of what mappings read: twice, late, out of order across keys; never lost, and a key keeps its order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mapping_bench import Bench
from waiting import eventually

from localaws.events.misdelivery import BatchMisdelivery, Misbehaviour
from localaws.running import Running, running

KEYS = "abcdef"
NAMES = [f"{key}{number:02}" for number in range(12) for key in KEYS]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(misdeliver="duplicates=0.5,reorder,delay=200ms,lose=0.5", seed=7) as started:
        yield started


@pytest.fixture
def bench(server: Running, functions_of: Any, tmp_path: Path) -> Bench:
    return Bench(functions_of(server), tmp_path / "out")


def first_times(seen: list[str]) -> list[str]:
    return list(dict.fromkeys(seen))


def by_key(names: list[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[name[0]].append(name)
    return found


def test_records_of_a_kinesis_stream(bench: Bench) -> None:
    kinesis = bench.server.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    records = [{"PartitionKey": name[0], "Data": name.encode()} for name in NAMES]
    kinesis.put_records(StreamName="s", Records=records)
    bench.map(arn, StartingPosition="TRIM_HORIZON", ParallelizationFactor=3, BatchSize=5)
    eventually(lambda: set(bench.seen()) == set(NAMES))
    assert max(Counter(bench.seen()).values()) == 2
    assert by_key(first_times(bench.seen())) == by_key(NAMES)
    assert first_times(bench.seen()) != NAMES


def test_changes_of_a_table(bench: Bench) -> None:
    table = bench.table()
    bench.put(table, *NAMES)
    bench.map_table(table, BatchSize=10)
    eventually(lambda: set(bench.seen()) == set(NAMES))
    assert max(Counter(bench.seen()).values()) == 2
    assert first_times(bench.seen()) != NAMES  # each item is a key of its own


def test_messages_of_a_queue(bench: Bench) -> None:
    url, arn = bench.queue()
    for start in range(0, len(NAMES), 10):
        entries = [{"Id": name, "MessageBody": name} for name in NAMES[start : start + 10]]
        bench.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    bench.map(arn)
    eventually(lambda: set(bench.seen()) == set(NAMES))
    assert max(Counter(bench.seen()).values()) == 2
    waiting = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    eventually(
        lambda: {*bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=waiting)["Attributes"].values()} == {"0"}
    )


def test_groups_of_a_fifo_queue_keep_their_order(bench: Bench) -> None:
    url, arn = bench.queue(".fifo", FifoQueue="true")
    for name in NAMES[:30]:
        bench.sqs.send_message(QueueUrl=url, MessageBody=name, MessageGroupId=name[0], MessageDeduplicationId=name)
    bench.map(arn)
    eventually(lambda: set(bench.seen()) == set(NAMES[:30]))
    assert by_key(first_times(bench.seen())) == by_key(NAMES[:30])


def test_a_seed_decides_the_same_and_keys_keep_their_order() -> None:
    plan = Misbehaviour(duplicates=0.3, delay=2.0, reorder=True)
    once, again = BatchMisdelivery(plan, "1 q f"), BatchMisdelivery(plan, "1 q f")
    assert [once.pause() for _ in range(20)] == [again.pause() for _ in range(20)]
    assert [once.comes_twice() for _ in range(20)] == [again.comes_twice() for _ in range(20)]
    shuffled = once.shuffled(NAMES, lambda name: name[0])
    assert shuffled != NAMES
    assert by_key(shuffled) == by_key(NAMES)
    calm = BatchMisdelivery(Misbehaviour(lose=1.0), "1 q f")
    assert (calm.pause(), calm.comes_twice(), calm.shuffled(NAMES, str)) == (0.0, False, NAMES)
