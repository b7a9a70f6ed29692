"""Event source mappings on queues: redrive, order within groups."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mapping_bench import Bench
from waiting import eventually

from localaws.events.mappings.queue_poller import QueuePoller


def test_a_queue_redrives_what_a_function_does_not_take(functions: Any, exchange: Path) -> None:
    bench = Bench(functions, exchange / "out", PARTIAL="1")
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


def test_a_queue_that_cannot_be_read_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Exception | list[dict[str, Any]]] = [OSError("no space")] * 2 + [ValueError("no queue"), []]

    class Queues:
        def receive(self, arn: str, count: int, wait: int) -> list[dict[str, Any]]:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            time.sleep(0.01)
            return answer

    mapping = {"UUID": "1", "EventSourceArn": "queue", "BatchSize": 1, "MaximumBatchingWindowInSeconds": 0}
    with caplog.at_level(logging.WARNING):
        poller = QueuePoller(None, Queues(), mapping, None)  # type: ignore[arg-type]
        try:
            eventually(lambda: len(caplog.messages) == 3)
        finally:
            poller.stop()
            poller.join()
    what = "receiving messages for mapping 1"
    assert caplog.messages == [
        f"{what} failed, and is tried again: OSError: no space",
        f"{what} failed, and is tried again: ValueError: no queue",
        f"{what} succeeds again",
    ]
