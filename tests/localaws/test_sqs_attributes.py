"""SQS: attributes of a queue are returned as they were set, and none is lost when another is set."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running

STATEMENT = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


def attributes(sqs: Any, url: str) -> dict[str, str]:
    queue_attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return queue_attributes


def test_a_policy_outlives_a_change_of_another_attribute(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": POLICY})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "70"})
    queue_attributes = attributes(sqs, url)
    assert (queue_attributes["Policy"], queue_attributes["VisibilityTimeout"]) == (POLICY, "70")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in attributes(sqs, url)


def test_the_redrive_allow_policy_is_returned_as_it_was_set(aws: Running) -> None:
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


def test_a_batch_answer_omits_empty_lists(aws: Running) -> None:
    """As in event_source_mapping/test_lambda_integration_sqs.py and test_sqs.py: no empty Failed or Successful."""
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


LONG = "a" * 129
ALLOWED = "can only include alphanumeric and punctuation characters. 1 to 128 in length."


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("operation", "given", "code", "message"),
    [
        ("send_message", {"MessageBody": ""}, "MissingParameter",
         "The request must contain the parameter MessageBody."),
        ("send_message", {"MessageBody": "m", "MessageGroupId": "a b"}, "InvalidParameterValue",
         f"Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId {ALLOWED}"),
        ("send_message", {"MessageBody": "m", "MessageDeduplicationId": LONG}, "InvalidParameterValue",
         f"Value {LONG} for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId {ALLOWED}"),
        ("send_message", {"MessageBody": "m" * 1025}, "InvalidParameterValue",
         "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."),
        ("send_message_batch",
         {"Entries": [{"Id": str(number), "MessageBody": "m" * 600_000} for number in range(2)]},
         "AWS.SimpleQueueService.BatchRequestTooLong",
         "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes."),
        ("send_message", {"MessageBody": "a\x08"}, "InvalidMessageContents",
         "The message contains characters outside the allowed set."),
        ("send_message",
         {"MessageBody": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
         "InvalidParameterValue",
         "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
        ("delete_message_batch", {"Entries": [{"Id": str(n), "ReceiptHandle": str(n)} for n in range(11)]},
         "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
         "Maximum number of entries per request are 10. You have sent 11."),
        ("delete_message_batch", {"Entries": [{"Id": "a:b", "ReceiptHandle": "r"}]},
         "AWS.SimpleQueueService.InvalidBatchEntryId",
         "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
         "letters long."),
        ("delete_message", {"ReceiptHandle": "garbage"}, "ReceiptHandleIsInvalid",
         'The input receipt handle "garbage" is not a valid receipt handle.'),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue",
         "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."),
        ("receive_message", {"WaitTimeSeconds": 21}, "InvalidParameterValue",
         "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."),
    ],
)  # fmt: skip
def test_requests_that_are_refused(
    aws: Running, operation: str, given: dict[str, Any], code: str, message: str
) -> None:
    """Texts of AWS's recordings (tests/aws/services/sqs/test_sqs.snapshot.json)."""
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="strict", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    assert refusal(getattr(sqs, operation), QueueUrl=url, **given) == (code, message)


def test_a_message_of_a_batch_may_fail_alone(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="parts", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    bodies = {"good": "m", "long": "m" * 1025, "odd": "\x08"}
    entries = [{"Id": name, "MessageBody": body} for name, body in bodies.items()]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    text = "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("long", "InvalidParameterValue", True), ("odd", "InvalidMessageContents", True),
    ]  # fmt: skip
    assert answer["Failed"][0]["Message"] == text
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    gone = "Message does not exist or is not available for visibility timeout change."
    given = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 1}
    text = f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: {gone}"
    assert refusal(sqs.change_message_visibility, **given) == ("InvalidParameterValue", text)


def test_queues_that_are_refused(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    sqs.create_queue(QueueName="delayed", Attributes={"DelaySeconds": "1"})
    assert sqs.create_queue(QueueName="delayed", Attributes={"DelaySeconds": "1"})["QueueUrl"]
    text = "A queue already exists with the same name and a different value for attribute DelaySeconds"
    again = {"QueueName": "delayed", "Attributes": {"DelaySeconds": "2"}}
    assert refusal(sqs.create_queue, **again) == ("QueueAlreadyExists", text)
    for name, text in (
        ("FifoQueue", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "Unknown Attribute ContentBasedDeduplication."),
        ("DeduplicationScope", "You can specify the DeduplicationScope only when FifoQueue is set to true."),
    ):
        given = {"QueueName": "standard", "Attributes": {name: "false"}}
        assert refusal(sqs.create_queue, **given) == ("InvalidAttributeName", text)


def test_a_group_is_received_together_and_again_in_order(aws: Running) -> None:
    """As recorded in test_sqs.py: messages that were not deleted come before later ones of their group."""
    sqs: Any = aws.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="grouped.fifo", Attributes=attributes)["QueueUrl"]
    for body in ("a1", "b1", "a2", "a3"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])

    def received(most: int = 10) -> list[str]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, VisibilityTimeout=1)
        return [message["Body"] for message in answer.get("Messages", [])]

    assert received() == ["a1", "a2", "a3", "b1"]
    assert received() == []
    time.sleep(1.1)
    assert received(1) == ["a1"]
    assert received() == ["b1"]  # the other group waits for its first message
    time.sleep(1.1)
    assert received() == ["a1", "a2", "a3", "b1"]  # the group that was served last comes last


def test_a_fifo_queue_takes_no_handle_that_has_expired(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="expiring.fifo", Attributes=attributes)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageGroupId="g")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]
    handle = message["ReceiptHandle"]
    time.sleep(1.1)
    text = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    assert refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle) == ("InvalidParameterValue", text)
    failed = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": handle}])["Failed"]
    assert [entry["Id"] for entry in failed] == ["1"]
    (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])


def test_numbers_of_a_fifo_queue_grow(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="numbers.fifo", Attributes=attributes)["QueueUrl"]
    sent = [sqs.send_message(QueueUrl=url, MessageBody=str(n), MessageGroupId="g") for n in range(5)]
    numbers = [answer["SequenceNumber"] for answer in sent]
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {20}
    assert sqs.send_message(QueueUrl=url, MessageBody="0", MessageGroupId="g")["SequenceNumber"] == numbers[0]
    sqs.purge_queue(QueueUrl=url)
    assert sqs.send_message(QueueUrl=url, MessageBody="0", MessageGroupId="g")["SequenceNumber"] > numbers[-1]


def test_a_batch_for_a_fifo_queue_names_the_group_of_each_message(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="groups.fifo", Attributes=attributes)["QueueUrl"]
    entries = [{"Id": "a", "MessageBody": "m", "MessageGroupId": "g"}, {"Id": "b", "MessageBody": "n"}]
    refused = refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries)
    assert refused == ("InvalidParameterValue", "The request must contain the parameter MessageGroupId.")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
