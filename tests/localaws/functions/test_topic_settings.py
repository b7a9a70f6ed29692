"""SNS topics and subscriptions as such: names, attributes, tags, permissions, pages, and what AWS refuses of them.

Texts and fields of AWS's recordings (tests/aws/services/sns/test_sns.snapshot.json: TestSNSTopicCrud,
TestSNSSubscriptionCrud).
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.running import Running

ACCOUNT = "123456789012"
FEW = "An ARN must have at least 6 elements, not 1"
OTHER_ATTRIBUTES = "Invalid parameter: Attributes Reason: Topic already exists with different attributes"


@pytest.fixture(scope="module")
def sns(aws: Running) -> Any:
    return aws.client("sns", config=Config(parameter_validation=False))


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"])


@pytest.fixture
def queue(topic: str) -> dict[str, str]:
    """A queue that subscribes to the topic."""
    return {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**given)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def invalid(text: str) -> tuple[str, str]:
    return "InvalidParameter", f"Invalid parameter: {text}"


def shown(sns: Any, topic: str) -> dict[str, Any]:
    attributes: dict[str, Any] = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    return attributes


@pytest.mark.parametrize("name", ["", "a" * 257, "test.fifo", "bad:name", "bad name", "bad@name"])
def test_a_name_that_no_topic_has(sns: Any, name: str) -> None:
    assert refusal(sns.create_topic, Name=name) == invalid("Topic Name")


def test_names_that_topics_have(sns: Any) -> None:
    assert refusal(sns.create_topic, Name="t", Attributes={"FifoTopic": "true"}) == invalid("Topic Name")
    assert sns.create_topic(Name="a" * 256)["TopicArn"].endswith(":" + "a" * 256)
    arn = sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true", "SignatureVersion": "2"})["TopicArn"]
    attributes = shown(sns, arn)
    assert {name: attributes[name] for name in ("FifoTopic", "ContentBasedDeduplication", "SignatureVersion")} == {
        "FifoTopic": "true", "ContentBasedDeduplication": "false", "SignatureVersion": "2",
    }  # fmt: skip


def test_a_topic_that_is_created_again(sns: Any, topic: str) -> None:
    name = topic.rpartition(":")[2]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="d")
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    alike: list[dict[str, Any]] = [
        {}, {"Attributes": {"DisplayName": "d"}}, {"Attributes": {"FifoTopic": "false"}}, {"Tags": []},
        {"Tags": [{"Key": "b", "Value": "2"}]},
    ]  # fmt: skip
    assert {sns.create_topic(Name=name, **given)["TopicArn"] for given in alike} == {topic}
    for attributes in ({"DisplayName": "e"}, {"SignatureVersion": "2"}, {"DisplayName": "d", "SignatureVersion": "2"}):
        refused = refusal(sns.create_topic, Name=name, Attributes=attributes)
        assert refused == ("InvalidParameter", OTHER_ATTRIBUTES)
    tags = [{"Key": "b", "Value": "3"}]
    assert refusal(sns.create_topic, Name=name, Tags=tags) == invalid(
        "Tags Reason: Topic already exists with different tags"
    )
    sns.delete_topic(TopicArn=topic)
    sns.create_topic(Name=name, Tags=tags)
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == tags


def test_tags_of_one_key(sns: Any, topic: str) -> None:
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "1"}]
    duplicated = invalid("Duplicated keys are not allowed.")
    assert refusal(sns.tag_resource, ResourceArn=topic, Tags=twice) == duplicated
    assert refusal(sns.create_topic, Name="twice", Tags=twice) == duplicated


def test_a_topic_shows_what_was_set(sns: Any, topic: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    given = {
        "DisplayName": "d", "KmsMasterKeyId": "alias/aws/sns", "TracingConfig": "Active", "SignatureVersion": "2",
        "SQSFailureFeedbackRoleArn": role, "LambdaSuccessFeedbackSampleRate": "10",
    }  # fmt: skip
    for name, value in given.items():
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)
    attributes = shown(sns, topic)
    assert {name: attributes[name] for name in given} == given
    assert not {"FifoTopic", "ContentBasedDeduplication", "DeliveryPolicy"} & set(attributes)
    for name in ("FifoTopic", "Colour"):
        refused = refusal(sns.set_topic_attributes, TopicArn=topic, AttributeName=name, AttributeValue="false")
        assert refused == invalid("AttributeName")
    refused = refusal(sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy", AttributeValue="{")
    assert refused[1].startswith("Invalid parameter: Policy: failed to parse JSON. ")


def test_a_delivery_policy_completes_the_default(sns: Any, topic: str) -> None:
    def deliver(policy: Any) -> tuple[Any, Any]:
        text = json.dumps({"http": policy}) if policy else ""
        sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=text)
        attributes = shown(sns, topic)
        acting = json.loads(attributes["EffectiveDeliveryPolicy"])["http"]
        return json.loads(attributes.get("DeliveryPolicy", "{}")).get("http"), acting["defaultHealthyRetryPolicy"]

    retries = {"minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1}
    default = {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear",
    }  # fmt: skip
    assert deliver({"defaultHealthyRetryPolicy": retries}) == (
        {"defaultHealthyRetryPolicy": retries, "disableSubscriptionOverrides": False}, {**default, **retries},
    )  # fmt: skip
    assert deliver({"defaultHealthyRetryPolicy": None}) == ({"disableSubscriptionOverrides": False}, default)
    assert deliver(None) == (None, default)


def test_topics_that_are_named_wrongly(aws: Running, sns: Any, topic: str) -> None:
    calls: list[tuple[Any, dict[str, str]]] = [
        (sns.get_topic_attributes, {}), (sns.delete_topic, {}), (sns.list_subscriptions_by_topic, {}),
        (sns.set_topic_attributes, {"AttributeName": "DisplayName", "AttributeValue": "d"}),
        (sns.subscribe, {"Protocol": "email", "Endpoint": "a@b.test"}), (sns.remove_permission, {"Label": "l"}),
    ]  # fmt: skip
    elsewhere = topic.replace("us-east-1", "sa-east-1")
    for call, given in calls:
        assert refusal(call, TopicArn="randomstring", **given) == invalid(f"TopicArn Reason: {FEW}")
        assert refusal(call, TopicArn=elsewhere, **given) == invalid("TopicArn")
        if call != sns.delete_topic:
            assert refusal(call, TopicArn=f"{topic}x", **given) == ("NotFound", "Topic does not exist")
    sns.delete_topic(TopicArn=f"{topic}x")


def test_permissions_of_a_topic(sns: Any, topic: str) -> None:
    given = {"TopicArn": topic, "AWSAccountId": [ACCOUNT]}
    sns.add_permission(**given, Label="l", ActionName=["Publish", "Subscribe"])
    assert json.loads(shown(sns, topic)["Policy"])["Statement"][1] == {
        "Sid": "l", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": ["SNS:Publish", "SNS:Subscribe"], "Resource": topic,
    }  # fmt: skip
    again = refusal(sns.add_permission, **given, Label="l", ActionName=["Publish"])
    assert again == invalid("Statement already exists")
    outside = refusal(sns.add_permission, **given, Label="m", ActionName=["InvalidAction"])
    assert outside == invalid("Policy statement action out of service scope!")
    sns.remove_permission(TopicArn=topic, Label="l")
    assert len(json.loads(shown(sns, topic)["Policy"])["Statement"]) == 1


def test_pages_of_subscriptions_and_topics(sns: Any, topic: str) -> None:
    for number in range(101):
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=f"+12312312{number}")
    first = sns.list_subscriptions_by_topic(TopicArn=topic)
    assert base64.b64decode(first["NextToken"])
    second = sns.list_subscriptions_by_topic(TopicArn=topic, NextToken=first["NextToken"])
    assert "NextToken" not in second
    arns = {entry["SubscriptionArn"] for page in (first, second) for entry in page["Subscriptions"]}
    assert (len(first["Subscriptions"]), len(arns)) == (100, 101)
    assert len(sns.list_subscriptions()["Subscriptions"]) == 100
    sns.unsubscribe(SubscriptionArn=arns.pop())
    assert "NextToken" not in sns.list_subscriptions_by_topic(TopicArn=topic)  # a whole page, and no more
    topics = {sns.create_topic(Name=f"paged-{number}")["TopicArn"] for number in range(101)}
    listed = [entry["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for entry in page["Topics"]]
    assert topics <= {*listed}
    assert len(listed) == len({*listed})
    assert refusal(sns.list_topics, NextToken="no token") == invalid("NextToken")


def test_endpoints_that_are_refused(sns: Any, topic: str) -> None:
    def subscribe(protocol: str, endpoint: str) -> tuple[str, str]:
        return refusal(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    assert subscribe("pigeon", "a") == invalid("Amazon SNS does not support this protocol string: pigeon")
    for endpoint in ("unknown", "http://localhost:4566/123456789012/q", topic):
        assert subscribe("sqs", endpoint) == invalid("SQS endpoint ARN")
    for number in ("+15--551234567", "NAA+15551234567", "+15551234567."):
        assert subscribe("sms", number) == ("InvalidParameter", f"Invalid SMS endpoint: {number}")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_subscription_that_is_made_again(sns: Any, queue: dict[str, str]) -> None:
    arn = sns.subscribe(**queue, Attributes={"RawMessageDelivery": "TrUe"})["SubscriptionArn"]
    alike = (
        {"RawMessageDelivery": "true"}, {"RawMessageDelivery": "true", "FilterPolicyScope": "MessageAttributes"}, {},
        {"FilterPolicyScope": "MessageAttributes", "FilterPolicy": ""},
    )  # fmt: skip
    assert {sns.subscribe(**queue, Attributes=given)["SubscriptionArn"] for given in alike} == {arn}
    different = invalid("Attributes Reason: Subscription already exists with different attributes")
    for given in ({"RawMessageDelivery": "false"}, {"FilterPolicy": '{"a": ["b"]}'}):
        assert refusal(sns.subscribe, **queue, Attributes=given) == different
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes == {
        "ConfirmationWasAuthenticated": "true", "Endpoint": queue["Endpoint"], "Owner": ACCOUNT,
        "PendingConfirmation": "false", "Protocol": "sqs", "RawMessageDelivery": "true", "SubscriptionArn": arn,
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:user/moto", "TopicArn": queue["TopicArn"],
    }  # fmt: skip
    assert shown(sns, queue["TopicArn"])["SubscriptionsConfirmed"] == "1"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("RawMessageDelivery", "test-ValUe", "RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."),
        ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
        ("RedrivePolicy", '{"deadLetterTargetArn": "fake-arn"}',
         "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ("RedrivePolicy", "{invalidjson}",
         "RedrivePolicy: failed to parse JSON. Expecting property name enclosed in double quotes: line 1 column 2 "
         "(char 1)"),
        ("FilterPolicy", "{invalidjson}",
         "FilterPolicy: failed to parse JSON. Expecting property name enclosed in double quotes: line 1 column 2 "
         "(char 1)"),
        ("FakeAttribute", "test-value", "AttributeName"),
    ],
)  # fmt: skip
def test_an_attribute_of_a_subscription_that_is_refused(
    sns: Any, queue: dict[str, str], name: str, value: str, reason: str
) -> None:
    refused = refusal(sns.subscribe, **queue, Attributes={name: value})
    assert refused == invalid(f"Attributes Reason: {reason}")
    assert sns.list_subscriptions_by_topic(TopicArn=queue["TopicArn"])["Subscriptions"] == []
    arn = sns.subscribe(**queue)["SubscriptionArn"]
    given = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value}
    assert refusal(sns.set_subscription_attributes, **given) == invalid(reason)


def test_subscriptions_that_are_named_wrongly(sns: Any, topic: str) -> None:
    missing = "SubscriptionArn Reason: no value for required parameter"
    assert refusal(sns.unsubscribe) == invalid(missing)
    assert refusal(sns.unsubscribe, SubscriptionArn=topic) == invalid("SubscriptionId")
    unknown, raw = f"{topic}:{uuid.uuid4()}", {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    sns.unsubscribe(SubscriptionArn=unknown)
    calls: list[tuple[Any, dict[str, str]]] = [
        (sns.get_subscription_attributes, {}), (sns.set_subscription_attributes, raw), (sns.unsubscribe, {}),
    ]  # fmt: skip
    for call, given in calls:
        assert refusal(call, SubscriptionArn="a", **given) == invalid(f"SubscriptionArn Reason: {FEW}")
        if call != sns.unsubscribe:
            refused = refusal(call, SubscriptionArn=unknown, **given)
            assert refused == ("NotFound", "Subscription does not exist")


@pytest.mark.parametrize("protocol", ["email", "email-json"])
def test_a_subscription_that_nobody_confirms_is_pending(sns: Any, topic: str, protocol: str) -> None:
    given = {"TopicArn": topic, "Protocol": protocol, "Endpoint": "a@b.test"}
    assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("true", "false")
    (entry,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert entry["SubscriptionArn"] == "PendingConfirmation"
    counts = shown(sns, topic)
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "0")


def test_tokens_confirm_nothing(sns: Any, topic: str) -> None:
    confirm = sns.confirm_subscription
    assert refusal(confirm, TopicArn=topic, Token="randomtoken") == ("InvalidParameter", "Invalid token")
    assert refusal(confirm, TopicArn=topic, Token="51b2ff3e" * 36) == invalid("Token")
