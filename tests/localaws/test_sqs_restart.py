"""Messages that were sent, received, deleted, moved or purged are after a restart what they were before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localaws.running import running


def received(sqs: Any, url: str) -> dict[str, str]:
    """Receive what a queue has; return the receipt handles by body."""
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return {message["Body"]: message["ReceiptHandle"] for message in messages}


def test_queues_are_after_a_restart_what_they_were(tmp_path: Path) -> None:
    with running(tmp_path) as aws:
        sqs, port = aws.client("sqs"), int(aws.endpoint.rpartition(":")[2])
        dead, purged = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "purged"))
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "0"}
        url = sqs.create_queue(QueueName="worked", Attributes=attributes)["QueueUrl"]
        for body in "abcde":
            sqs.send_message(QueueUrl=url, MessageBody=body)
            sqs.send_message(QueueUrl=purged, MessageBody=body)
        handles = received(sqs, url)
        assert set(handles) == set("abcde")
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handles["a"])
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": handles["b"]}])
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["c"], VisibilityTimeout=600)
        assert received(sqs, url) == {}, "d and e go to the dead-letter queue"
        sqs.send_message(QueueUrl=url, MessageBody="f")
        sqs.purge_queue(QueueUrl=purged)
    with running(tmp_path, port=port) as aws:
        sqs = aws.client("sqs")
        assert [set(received(sqs, queue)) for queue in (url, dead, purged)] == [{"f"}, {"d", "e"}, set()]
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["c"], VisibilityTimeout=0)
        assert received(sqs, url) == {}
        assert set(received(sqs, dead)) == {"c", "f"}, "d and e are hidden"
