"""Behaviour of moto's SNS that the hooks around topics need: an upgrade that changes it fails here."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.sns.exceptions import SNSNotFoundError, TopicNotFound
from moto.sns.models import VALID_POLICY_ACTIONS, SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse
from moto.sns.utils import make_arn_for_topic

REPLACED = (
    "create_topic", "delete_topic", "list_topics", "get_topic_attributes", "set_topic_attributes", "tag_resource",
    "add_permission", "remove_permission", "subscribe", "unsubscribe", "confirm_subscription", "list_subscriptions",
    "list_subscriptions_by_topic", "get_subscription_attributes", "set_subscription_attributes", "publish",
    "publish_batch",
)  # fmt: skip


@pytest.fixture
def backend() -> SNSBackend:
    return SNSBackend("us-east-1", DEFAULT_ACCOUNT_ID)


@pytest.mark.parametrize("name", REPLACED)
def test_an_operation_takes_nothing_but_the_request(name: str) -> None:
    assert list(inspect.signature(vars(SNSResponse)[name]).parameters) == ["self"]


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (SNSBackend, "get_topic", ["arn"]),
        (SNSBackend, "_find_subscription", ["topic_arn", "endpoint", "protocol"]),
        (SNSBackend, "get_subscription_attributes", ["arn"]),
        (SNSBackend, "_validate_filter_policy", ["value", "scope"]),
        (SNSBackend, "create_topic", ["name", "attributes", "tags"]),
        (Topic, "publish",
         ["message", "subject", "message_attributes", "group_id", "deduplication_id", "message_structure"]),
        (Subscription, "publish",
         ["message", "message_id", "subject", "message_attributes", "group_id", "deduplication_id",
          "message_structure"]),
        (BaseResponse, "_get_param", ["param_name", "if_none"]),
    ],
)  # fmt: skip
def test_a_method_has_the_parameters_that_are_given(owner: Any, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters)[1:] == parameters


def test_a_topic_keeps_every_attribute_by_its_name_in_snake_case(backend: SNSBackend) -> None:
    attributes: dict[str, Any] = {"SignatureVersion": "2", "SQSFailureFeedbackRoleArn": "r", "DisplayName": "d"}
    topic: Any = backend.create_topic("t", attributes, {"a": "1"})
    assert (topic.signature_version, topic.sqs_failure_feedback_role_arn, topic.display_name) == ("2", "r", "d")
    assert (topic.delivery_policy, topic.fifo_topic, topic._tags) == ("", False, {"a": "1"})
    assert topic._policy_json["Statement"][0]["Sid"] == "__default_statement_ID"
    assert topic.arn == make_arn_for_topic(DEFAULT_ACCOUNT_ID, "t", "us-east-1")
    with pytest.raises(TopicNotFound):
        backend.get_topic(f"{topic.arn}x")


def test_a_subscription_has_the_attributes_that_are_changed(backend: SNSBackend) -> None:
    topic = backend.create_topic("t")
    backend.topics[topic.arn] = topic
    subscription = Subscription(DEFAULT_ACCOUNT_ID, topic, "a@b.test", "email")
    assert (subscription.owner, subscription.topic, subscription.attributes) == (DEFAULT_ACCOUNT_ID, topic, {})
    assert '"PendingConfirmation": False' in inspect.getsource(SNSBackend.subscribe)
    assert '"ConfirmationWasAuthenticated": True' in inspect.getsource(SNSBackend.subscribe)
    with pytest.raises(SNSNotFoundError, match="Subscription does not exist"):
        backend.get_subscription_attributes("nobody")


def test_actions_of_a_permission_are_names_without_a_service() -> None:
    assert {"Publish", "Subscribe"} < set(VALID_POLICY_ACTIONS)
    assert not [name for name in VALID_POLICY_ACTIONS if ":" in name]
