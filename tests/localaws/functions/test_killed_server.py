"""Work of a killed server continues on the next server of its home: nothing is lost, and no process is left.

One server is killed for all tests here, during a batch of each kind of mapping and an asynchronous event.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from mapping_bench import ACCOUNT, Bench
from waiting import eventually

from localaws.running import Running, launch, running, wait_until_ready

SOURCES = ("table", "stream", "queue")
WAITING = """
    import os, pathlib, subprocess, time
    def handler(event, context):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        with pathlib.Path(event["file"]).open("a") as file:
            file.write(f"{os.getpid()} {child.pid} ")
        while pathlib.Path(event["hold"]).exists():
            time.sleep(0.05)
        child.kill()
"""
ITEM = {
    "id": {"S": "á"}, "n": {"N": "1.50"}, "b": {"B": b"\0\1"}, "l": {"L": [{"M": {"k": {"BOOL": True}}}]},
    "s": {"SS": ["x", "y"]}, "z": {"NULL": True},
}  # fmt: skip


class Before:
    """Objects created and work started on the server that is killed."""

    def __init__(self, server: Running, functions: Any) -> None:
        self.server, self.functions = server, functions
        self.bench = Bench(functions, server.home / "out")
        self.calls = server.home / "calls"
        self.kinesis, self.dynamodb, self.sqs = (server.client(name) for name in ("kinesis", "dynamodb", "sqs"))
        self._items()
        self._fifo_queue()
        self.table = self.bench.table()
        self.kinesis.create_stream(StreamName="mapped", ShardCount=1)
        # Messages that the killed server received must become visible again for the next server.
        self.queue, queue_arn = self.bench.queue(VisibilityTimeout="10")
        stream_arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/mapped"
        self._mappings = [
            self.bench.map_table(self.table, BatchSize=2),
            self.bench.map(stream_arn, StartingPosition="TRIM_HORIZON", BatchSize=2),
        ]
        self.bench.map(queue_arn)

    def _items(self) -> None:
        self.kept, gone = self.bench.table(), self.bench.table()
        self.bench.put(gone, "a")
        self.dynamodb.delete_table(TableName=gone)
        self.dynamodb.put_item(TableName=self.kept, Item=ITEM)
        self.bench.put(self.kept, "b")
        self.dynamodb.delete_item(TableName=self.kept, Key={"id": {"S": "b"}})
        self.changes = changes(self.server, self.kept)

    def _fifo_queue(self) -> None:
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "600"}
        self.fifo = self.sqs.create_queue(QueueName="kept.fifo", Attributes=attributes)["QueueUrl"]
        for body in "abcd":
            self.sqs.send_message(QueueUrl=self.fifo, MessageBody=body, MessageGroupId=body)
        first, self.second = (self.sqs.receive_message(QueueUrl=self.fifo)["Messages"][0] for _ in range(2))
        self.sqs.delete_message(QueueUrl=self.fifo, ReceiptHandle=first["ReceiptHandle"])

    def send(self, name: str) -> None:
        """Send a record with this name to each source of the mappings."""
        self.bench.put(self.table, f"table {name}")
        self.kinesis.put_record(StreamName="mapped", Data=f"stream {name}".encode(), PartitionKey="k")
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=f"queue {name}")

    def work(self) -> list[int]:
        """Start the work that the kill interrupts; return the processes of the asynchronous event."""
        self.send("done")
        eventually(self._all_done)
        self.bench.hold.touch()
        event = json.dumps({"file": str(self.calls), "hold": str(self.bench.hold)})
        name = self.functions.create(WAITING, Timeout=300)
        self.functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=event)
        self.send("slow")
        self.send("next")
        eventually(lambda: {f"{source} slow" for source in SOURCES} <= {*self.bench.seen()})
        eventually(lambda: self.calls.exists() and len(self.calls.read_text().split()) == 2)
        self.records = records(self.kinesis)
        return [int(pid) for pid in self.calls.read_text().split()]

    def _all_done(self) -> bool:
        """Return whether all records are processed, and all messages deleted from the queue."""
        mappings = [self.functions.client.get_event_source_mapping(UUID=uid) for uid in self._mappings]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return {mapping["LastProcessingResult"] for mapping in mappings} == {"OK"} and {*left.values()} == {"0"}


def changes(server: Running, table: str) -> list[dict[str, Any]]:
    """Return the stream records of a table."""
    streams = server.client("dynamodbstreams")
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    batch: list[dict[str, Any]] = streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
    return batch


def records(kinesis: Any) -> list[dict[str, Any]]:
    place = {"StreamName": "mapped", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    batch: list[dict[str, Any]] = kinesis.get_records(**_iterator(kinesis.get_shard_iterator(**place)))["Records"]
    return batch


def _iterator(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ShardIterator": answer["ShardIterator"]}


def mount_namespace(pid: int) -> str:
    """Name of the mount namespace of a process; empty for one that has ended."""
    try:
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    except OSError:
        return ""


@pytest.fixture(scope="module")
def killed(functions_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Before, Running]]:
    """The work before the kill, and the server that runs on the same home after it."""
    home = tmp_path_factory.mktemp("killed") / "home"
    mounts = Path("/proc/self/mountinfo").read_text()
    process = launch(home, "--port=0", "--warm=0")
    try:
        record = wait_until_ready(process, home)
        first = Running(record.endpoint, record.region, home, record.pid)
        before = Before(first, functions_of(first))
        pids = before.work()
        spaces = {space for pid in pids if (space := mount_namespace(pid)) != mount_namespace(os.getpid())}
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    before.bench.hold.unlink()
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert not alive, "processes of a function outlive the server"
    # A function's /tmp ends with the last process that sees it, which may be one that these had started.
    eventually(lambda: not [pid for pid in psutil.pids() if mount_namespace(pid) in spaces], seconds=10)
    assert Path("/proc/self/mountinfo").read_text() == mounts
    with running(home) as second:
        yield before, second


def test_batches_under_way_come_again_and_no_other_does(killed: tuple[Before, Running]) -> None:
    before, _ = killed
    everything = {f"{source} {name}" for source in SOURCES for name in ("done", "slow", "next")}
    eventually(lambda: {*before.bench.seen()} == everything)
    eventually(lambda: before.bench.seen().count("queue slow") > 1)  # its visibility timeout is over
    counts = Counter(before.bench.seen())
    assert {counts[f"{source} done"] for source in SOURCES} == {1}
    for source in ("table", "stream"):
        assert counts[f"{source} slow"] == 2
        assert counts[f"{source} next"] in (1, 2)  # it may have been in the batch of the slow one


def test_an_event_under_way_is_run_again(killed: tuple[Before, Running]) -> None:
    before, _ = killed
    eventually(lambda: len(before.calls.read_text().split()) == 4)


def test_messages_are_kept_with_what_was_done_to_them(killed: tuple[Before, Running]) -> None:
    before, server = killed
    sqs, url = server.client("sqs"), before.fifo.replace(before.server.endpoint, server.endpoint)
    sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="a")  # known, though it is gone
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "2"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    handle = before.second["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    given = {"MaxNumberOfMessages": 10, "AttributeNames": ["ApproximateReceiveCount"]}
    messages = sqs.receive_message(QueueUrl=url, **given)["Messages"]
    counted = [(message["Body"], message["Attributes"]["ApproximateReceiveCount"]) for message in messages]
    assert sorted(counted) == [("b", "2"), ("c", "1"), ("d", "1")]


def test_items_and_their_changes_are_kept(killed: tuple[Before, Running]) -> None:
    before, server = killed
    dynamodb = server.client("dynamodb")
    assert dynamodb.scan(TableName=before.kept)["Items"] == [ITEM]
    assert changes(server, before.kept) == before.changes
    dynamodb.put_item(TableName=before.kept, Item={"id": {"S": "c"}})
    after = changes(server, before.kept)
    assert len(after) == len(before.changes) + 1
    assert int(after[-1]["dynamodb"]["SequenceNumber"]) > int(before.changes[-1]["dynamodb"]["SequenceNumber"])
    assert sorted(dynamodb.list_tables()["TableNames"]) == sorted([before.kept, before.table])


def test_records_of_a_stream_are_kept_and_their_numbers_go_on(killed: tuple[Before, Running]) -> None:
    before, server = killed
    kinesis = server.client("kinesis")
    assert records(kinesis) == before.records
    assert len(before.records) == 3
    kinesis.put_record(StreamName="mapped", Data=b"stream last", PartitionKey="k")
    numbers = [int(record["SequenceNumber"]) for record in records(kinesis)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 4
