"""Event source mappings on queues: redrive, order of groups, restarts."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mapping_bench import Bench
from waiting import eventually

from localaws.running import Running, launch, running, wait_until_ready


def test_a_queue_redrives_what_a_function_does_not_take(functions: Any, tmp_path: Path) -> None:
    bench = Bench(functions, tmp_path / "out", PARTIAL="1")
    dead_url, dead = bench.queue()
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = bench.queue(VisibilityTimeout="1", RedrivePolicy=policy)
    bench.map(arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    for name in ("a", "bad", "c"):
        bench.sqs.send_message(QueueUrl=url, MessageBody=name)
    assert bench.message(dead_url)["Body"] == "bad"
    assert Counter(bench.seen()) == {"a": 1, "bad": 2, "c": 1}


def test_a_fifo_queue_keeps_the_order_of_each_group(bench: Bench) -> None:
    url, arn = bench.queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for number in range(12):
        bench.sqs.send_message(QueueUrl=url, MessageBody=f"{number % 2}-{number:02}", MessageGroupId=str(number % 2))
    bench.sqs.send_message(QueueUrl=url, MessageBody="0-00", MessageGroupId="0")  # a duplicate
    bench.map(arn, BatchSize=3)
    eventually(lambda: len(bench.seen()) >= 12)
    time.sleep(0.5)
    assert [name for name in bench.seen() if name[0] == "0"] == [f"0-{number:02}" for number in range(0, 12, 2)]
    assert [name for name in bench.seen() if name[0] == "1"] == [f"1-{number:02}" for number in range(1, 12, 2)]


def test_messages_survive_a_kill_with_what_was_done_to_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = launch(home, "--port=0", "--warm=0")
    record = wait_until_ready(process, home)
    sqs = Running(record.endpoint, record.region, home, record.pid).client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "600"}
    url = sqs.create_queue(QueueName="kept.fifo", Attributes=attributes)["QueueUrl"]
    for body in "abcd":
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body)
    first, second = (sqs.receive_message(QueueUrl=url)["Messages"][0] for _ in range(2))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with running(home) as server:
        sqs, url = server.client("sqs"), url.replace(record.endpoint, server.endpoint)
        sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="a")  # known, though it is gone
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "2"
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
    counted = [(message["Body"], message["Attributes"]["ApproximateReceiveCount"]) for message in messages]
    assert counted == [("b", "2"), ("c", "1"), ("d", "1")]
