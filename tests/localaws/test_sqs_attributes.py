"""SQS: attributes of a queue are read back as they were set, and none is lost when another one is set."""

from __future__ import annotations

import json
from typing import Any

from localaws.running import Running

STATEMENT = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


def attributes(sqs: Any, url: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def test_a_policy_outlives_a_change_of_another_attribute(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": POLICY})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "70"})
    found = attributes(sqs, url)
    assert (found["Policy"], found["VisibilityTimeout"]) == (POLICY, "70")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in attributes(sqs, url)


def test_who_may_name_a_queue_as_dead_letter_queue_is_read_back(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    assert "RedriveAllowPolicy" not in attributes(sqs, url)
    allowed = json.dumps({"redrivePermission": "denyAll"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": allowed})
    assert attributes(sqs, url)["RedriveAllowPolicy"] == allowed
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": ""})
    assert "RedriveAllowPolicy" not in attributes(sqs, url)


def test_a_redrive_policy_is_written_without_spaces_as_sqs_does(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    dead = sqs.create_queue(QueueName="redriven-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": attributes(sqs, dead)["QueueArn"], "maxReceiveCount": 5}
    url = sqs.create_queue(QueueName="redriven", Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]
    assert attributes(sqs, url)["RedrivePolicy"] == json.dumps(policy, separators=(",", ":"))
    assert "RedrivePolicy" not in attributes(sqs, dead)


def test_a_batch_says_nothing_of_entries_that_are_none(aws: Running) -> None:
    """As recorded in event_source_mapping/test_lambda_integration_sqs.py and test_sqs.py: no Failed, no Successful."""
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="batches")["QueueUrl"]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "1"}])
    assert [entry["Id"] for entry in sent["Successful"]] == ["a"]
    assert "Failed" not in sent
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    entry = {"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 9}])
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[entry])
    for answer in (changed, deleted):
        assert (answer["Successful"], "Failed" in answer) == ([{"Id": "a"}], False)
    missing = sqs.delete_message_batch(QueueUrl=url, Entries=[{**entry, "ReceiptHandle": "none"}])
    assert ([entry["Id"] for entry in missing["Failed"]], "Successful" in missing) == (["a"], False)
