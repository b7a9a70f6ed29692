"""SNS: refused messages, FIFO topics, dead-letter queues.

Texts and fields of AWS's recordings (tests/aws/services/sns/test_sns.snapshot.json).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from waiting import eventually

from localaws.running import Running

ACCOUNT = "123456789012"
EITHER = "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
NO_DEFAULT = "Invalid parameter: Message Structure - No default entry in JSON message body"
START = "The message attribute 'a'"


class Topic:
    """A topic with one queue, and a dead-letter queue of the subscription."""

    def __init__(self, server: Running, suffix: str = "", **attributes: str) -> None:
        self.sns, self.sqs = server.client("sns"), server.client("sqs")
        self.name, fifo = f"t-{uuid.uuid4().hex[:8]}", {"FifoQueue": "true"} if suffix else {}
        self.arn = self.sns.create_topic(Name=f"{self.name}{suffix}", Attributes=attributes)["TopicArn"]
        self.queue, self.dead = (
            self.sqs.create_queue(QueueName=f"{name}{suffix}", Attributes=fifo)["QueueUrl"]
            for name in (self.name, f"{self.name}-dead")
        )
        self.suffix = suffix

    def subscribe(self, name: str = "", **attributes: str) -> None:
        """Subscribe the queue, or a queue with the given name."""
        endpoint = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name or self.name}{self.suffix}"
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)

    def publish(self, **given: Any) -> Any:
        return self.sns.publish(TopicArn=self.arn, **given)

    def next(self, url: str) -> dict[str, Any]:
        given = {"WaitTimeSeconds": 1, "AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        (message,) = eventually(lambda: self.sqs.receive_message(QueueUrl=url, **given).get("Messages"))
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)


@pytest.fixture(scope="module")
def topic(aws: Running) -> Topic:
    return Topic(aws)


@pytest.fixture
def fifo(aws: Running) -> Topic:
    return Topic(aws, ".fifo", FifoTopic="true")


def refusal(call: Any, *arguments: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(*arguments, **given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Message": ""}, "Invalid parameter: Empty message"),
        ({"Message": "m", "Subject": ""}, "Invalid parameter: Subject"),
        ({"Message": "m" * 262_145}, "Invalid parameter: Message too long"),
        ({"Message": "[", "MessageStructure": "json"},
         "Invalid parameter: Message Structure - JSON message body failed to parse"),
        ({"Message": '{"sqs": "m"}', "MessageStructure": "json"}, NO_DEFAULT),
        ({"Message": '{"default": {}}', "MessageStructure": "json"}, NO_DEFAULT),
    ],
)  # fmt: skip
def test_a_message_that_is_refused(topic: Topic, given: dict[str, str], message: str) -> None:
    assert refusal(topic.publish, **given) == ("InvalidParameter", message)
    entry = {"Id": "1", **given}
    if len(given["Message"]) < 1000:
        expected = ("InvalidParameter", message)
        assert refusal(topic.sns.publish_batch, TopicArn=topic.arn, PublishBatchRequestEntries=[entry]) == expected


@pytest.mark.parametrize(
    ("name", "attribute", "message"),
    [
        ("a", {"DataType": "String", "StringValue": ""},
         f"{START} must contain non-empty message attribute value for message attribute type 'String'."),
        ("a", {"DataType": "String", "BinaryValue": b"x"}, f"{START} with type 'String' must use field 'String'."),
        ("a", {"DataType": "Binary", "StringValue": "x"}, f"{START} with type 'Binary' must use field 'Binary'."),
        ("a", {"DataType": "String.", "StringValue": "x"},
         f"{START} has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and "
         "String."),
        ("a^", {"DataType": "String", "StringValue": "x"},
         "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
         "alphanumeric characters, hyphens, underscores, or dots."),
        (".a", {"DataType": "String", "StringValue": "x"},
         "Invalid message attribute name starting with character '.' was found."),
        ("a..b", {"DataType": "String", "StringValue": "x"},
         "Message attribute name can not have successive '.' character."),
        ("a" * 257, {"DataType": "String", "StringValue": "x"},
         "Length of message attribute name must be less than 256 bytes."),
    ],
)  # fmt: skip
def test_an_attribute_that_is_refused(topic: Topic, name: str, attribute: dict[str, Any], message: str) -> None:
    given = {"Message": "m", "MessageAttributes": {name: attribute}}
    assert refusal(topic.publish, **given) == ("ParameterValueInvalid", message)


def test_an_attribute_without_a_type(aws: Running, topic: Topic) -> None:
    """As recorded in test_sns.snapshot.json (test_empty_or_wrong_message_attributes); boto3 alone would refuse it."""
    sns = aws.client("sns", config=Config(parameter_validation=False))
    attributes = {"a": {"StringValue": "x"}}
    start, end = "1 validation error detected: Value null at", "failed to satisfy constraint: Member must not be null"
    refused = refusal(sns.publish, TopicArn=topic.arn, Message="m", MessageAttributes=attributes)
    assert refused == ("ValidationError", f"{start} 'messageAttributes.a.member.dataType' {end}")
    entries = [{"Id": "1", "Message": "m", "MessageAttributes": attributes}]
    refused = refusal(sns.publish_batch, TopicArn=topic.arn, PublishBatchRequestEntries=entries)
    place = "publishBatchRequestEntries.1.member.messageAttributes.a.member.dataType"
    assert refused == ("ValidationError", f"{start} '{place}' {end}")


def test_topics_and_batches_that_are_refused(topic: Topic) -> None:
    publish, batch = topic.sns.publish, topic.sns.publish_batch
    text = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2"
    assert refusal(publish, TopicArn="a:b", Message="m") == ("InvalidParameter", text)
    elsewhere = topic.arn.replace("us-east-1", "sa-east-1")
    assert refusal(publish, TopicArn=elsewhere, Message="m") == ("InvalidParameter", "Invalid parameter: TopicArn")
    assert refusal(publish, TopicArn=f"{topic.arn}x", Message="m") == ("NotFound", "Topic does not exist")
    text = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
    assert refusal(publish, TargetArn=f"{topic.arn}x", Message="m") == ("InvalidParameter", text)
    entries = [{"Id": str(number), "Message": "m" * 150_000} for number in range(2)]
    long = "The length of all the messages put together is more than the limit."
    assert refusal(batch, TopicArn=topic.arn, PublishBatchRequestEntries=entries) == ("BatchRequestTooLong", long)
    start = "The Id of a batch entry in the batch request"
    for name, end in (("a.b", "contains an impermissible character: a.b"), ("a" * 81, f"is too long: {'a' * 81}")):
        entries = [{"Id": name, "Message": "m"}]
        expected = ("InvalidBatchEntryId", f"{start} {end}")
        assert refusal(batch, TopicArn=topic.arn, PublishBatchRequestEntries=entries) == expected


def test_a_fifo_topic_sends_once_with_a_number_and_without_a_signature(aws: Running) -> None:
    fifo = Topic(aws, ".fifo", FifoTopic="true", ContentBasedDeduplication="true")
    fifo.subscribe()
    standard = fifo.sqs.create_queue(QueueName=fifo.name)["QueueUrl"]
    endpoint = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{fifo.name}"
    fifo.sns.subscribe(TopicArn=fifo.arn, Protocol="sqs", Endpoint=endpoint)
    first, again, second = (fifo.publish(Message=text, MessageGroupId="g") for text in ("a", "a", "b"))
    assert (first["MessageId"], first["SequenceNumber"]) == (again["MessageId"], again["SequenceNumber"])
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
    for url in (fifo.queue, standard):
        received = [fifo.next(url) for _ in range(2)]
        documents = [json.loads(message["Body"]) for message in received]
        assert sorted(document["Message"] for document in documents) == ["a", "b"]
        assert {document["SequenceNumber"] for document in documents} == {
            first["SequenceNumber"], second["SequenceNumber"],
        }  # fmt: skip
        assert not {"Signature", "SignatureVersion", "SigningCertURL"} & documents[0].keys()
        attributes = received[0]["Attributes"]
        assert ("MessageGroupId" in attributes) == (url == fifo.queue)
        if url == fifo.queue:
            assert attributes["MessageDeduplicationId"] == hashlib.sha256(b"a").hexdigest()


def test_fifo_topics_ask_for_groups_and_identifiers(fifo: Topic) -> None:
    required = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    assert refusal(fifo.publish, Message="m") == ("InvalidParameter", required)
    expected = ("InvalidParameter", f"Invalid parameter: {EITHER}")
    assert refusal(fifo.publish, Message="m", MessageGroupId="g") == expected
    entries = [{"Id": "1", "Message": "m", "MessageGroupId": "g"}]
    assert refusal(fifo.sns.publish_batch, TopicArn=fifo.arn, PublishBatchRequestEntries=entries) == expected


def test_subscriptions_that_fifo_does_not_allow(topic: Topic, fifo: Topic) -> None:
    queue, dead = (f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}" for name in ("q.fifo", "dead"))
    reason = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
    assert refusal(topic.sns.subscribe, TopicArn=topic.arn, Protocol="sqs", Endpoint=queue) == (
        "InvalidParameter", f"Invalid parameter: Invalid parameter: {reason}",
    )  # fmt: skip
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    reason = "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
    expected = ("InvalidParameter", f"Invalid parameter: {reason}")
    given = {"TopicArn": fifo.arn, "Protocol": "sqs", "Endpoint": queue}
    assert refusal(fifo.sns.subscribe, **given, Attributes=policy) == expected
    arn = fifo.sns.subscribe(**given)["SubscriptionArn"]
    setting = {"AttributeName": "RedrivePolicy", "AttributeValue": policy["RedrivePolicy"]}
    assert refusal(fifo.sns.set_subscription_attributes, SubscriptionArn=arn, **setting) == expected


def test_a_topic_shows_its_delivery_policy_as_aws_does(topic: Topic) -> None:
    shown = topic.sns.get_topic_attributes(TopicArn=topic.arn)["Attributes"]
    assert "DeliveryPolicy" not in shown
    http = json.loads(shown["EffectiveDeliveryPolicy"])["http"]
    assert (http["defaultHealthyRetryPolicy"]["numRetries"], http["disableSubscriptionOverrides"]) == (3, False)


def test_a_message_of_many_protocols(aws: Running) -> None:
    """A value that is not a text is ignored, as if its protocol were missing."""
    topic = Topic(aws)
    topic.subscribe(RawMessageDelivery="true")
    for message in ({"default": "d", "sqs": "s"}, {"default": "d", "sqs": {"a": 1}}):
        topic.publish(Message=json.dumps(message), MessageStructure="json")
    assert sorted(topic.next(topic.queue)["Body"] for _ in range(2)) == ["d", "s"]


@pytest.mark.parametrize("suffix", ["", ".fifo"])
def test_a_dead_letter_queue_gets_the_message_with_its_attributes(aws: Running, suffix: str) -> None:
    """The subscribed queue does not exist. The dead letter of a FIFO subscription keeps its group and
    deduplication ID.
    """
    topic = Topic(aws, suffix, **({"FifoTopic": "true"} if suffix else {}))
    policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{topic.name}-dead{suffix}"})
    topic.subscribe("nobody", RawMessageDelivery="true", RedrivePolicy=policy)
    binary = {"bytes": {"DataType": "Binary", "BinaryValue": b"\2\3\4"}}
    group = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if suffix else {}
    topic.publish(Message="m", MessageAttributes=binary, **group)
    letter = topic.next(topic.dead)
    assert letter["Body"] == "m"
    assert letter["MessageAttributes"] == binary
    assert {name: letter["Attributes"].get(name) for name in group} == group
