"""Hooks in moto's SNS around subscriptions: their endpoints, attributes and policies are checked as AWS checks them,
before anything is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from localaws.events.filter_policies import ATTRIBUTES, BODY, ScopeError, check_policy
from localaws.events.pattern_rules import PatternError
from localaws.events.topic_rules import (
    SUBSCRIPTION_ATTRIBUTES,
    check_arn,
    check_attribute,
    check_endpoint,
    check_raw,
    check_subscription,
    check_token,
    dead_letter_queue,
    differs,
    invalid,
    page,
)
from localaws.topic_hooks import refusing, topic_of

_POLICY, _SCOPE, _REDRIVE, _RAW = "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "RawMessageDelivery"
_PENDING = "PendingConfirmation"
_FIFO = ".fifo"
_PLACE = "Attributes Reason: "
# Protocols whose subscriptions AWS sends a confirmation for, and those that localaws never delivers to.
_CONFIRMED = ("http", "https", "email", "email-json")
_UNREACHED = ("email", "email-json")


def install() -> None:
    """Make moto call these hooks. Call this before its first request to SNS."""
    SNSResponse.subscribe = refusing(_wrap_subscribe(SNSResponse.subscribe))
    SNSResponse.unsubscribe = refusing(_wrap_unsubscribe(SNSResponse.unsubscribe))
    SNSResponse.confirm_subscription = refusing(_confirm_subscription)
    SNSResponse.list_subscriptions = refusing(_list_subscriptions)
    SNSResponse.list_subscriptions_by_topic = refusing(_list_subscriptions_by_topic)
    SNSResponse.get_subscription_attributes = refusing(_named(SNSResponse.get_subscription_attributes))
    SNSResponse.set_subscription_attributes = refusing(_wrap_set_attributes(SNSResponse.set_subscription_attributes))
    SNSBackend.get_subscription_attributes = _wrap_get_attributes(SNSBackend.get_subscription_attributes)
    SNSBackend._validate_filter_policy = lambda *_, **__: None  # it knows half of the operators


def _wrap_subscribe(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def subscribe(response: Any) -> ActionResult:
        given: dict[str, str] = dict(response._get_param("Attributes") or {})
        protocol, endpoint = response._get_param("Protocol") or "", response._get_param("Endpoint") or ""
        topic = topic_of(response)
        check_endpoint(protocol, endpoint)
        _check(given, given.get(_SCOPE) or ATTRIBUTES, endpoint, _PLACE)
        if protocol == "sqs" and endpoint.endswith(_FIFO) and not topic.arn.endswith(_FIFO):
            raise invalid(
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
            )
        known = response.backend._find_subscription(topic.arn, endpoint, protocol)
        if known is None:
            answer = cast("dict[str, Any]", original(response).result)
            known = response.backend.subscriptions[answer["SubscriptionArn"]]
            if protocol in _UNREACHED:
                known.attributes |= {_PENDING: True, "ConfirmationWasAuthenticated": False}
        elif differs(_texts(known.attributes), given):
            raise invalid(f"{_PLACE}Subscription already exists with different attributes")
        is_hidden = protocol in _CONFIRMED and not response._get_param("ReturnSubscriptionArn")
        return ActionResult({"SubscriptionArn": "pending confirmation" if is_hidden else known.arn})

    return subscribe


def _wrap_unsubscribe(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def unsubscribe(response: Any) -> ActionResult:
        check_subscription(response._get_param("SubscriptionArn"))
        return original(response)

    return unsubscribe


def _confirm_subscription(response: Any) -> ActionResult:
    check_arn(response._get_param("TopicArn"), "TopicArn")
    check_token(response._get_param("Token") or "")


def _list_subscriptions(response: Any) -> ActionResult:
    return _listed(response, response.backend.subscriptions)


def _list_subscriptions_by_topic(response: Any) -> ActionResult:
    topic = topic_of(response)
    known = response.backend.subscriptions.values()
    return _listed(response, {subscription.arn: subscription for subscription in known if subscription.topic == topic})


def _listed(response: Any, subscriptions: dict[str, Any]) -> ActionResult:
    arns, token = page(subscriptions, response._get_param("NextToken"))
    shown = [_entry(subscriptions[arn]) for arn in arns]
    return ActionResult({"Subscriptions": shown, "NextToken": token})


def _entry(subscription: Any) -> dict[str, str]:
    return {
        "SubscriptionArn": _PENDING if subscription.attributes[_PENDING] else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }


def _named(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def get_subscription_attributes(response: Any) -> ActionResult:
        check_arn(response._get_param("SubscriptionArn"), "SubscriptionArn")
        return original(response)

    return get_subscription_attributes


def _wrap_set_attributes(original: Callable[[Any], ActionResult]) -> Callable[[Any], ActionResult]:
    def set_subscription_attributes(response: Any) -> ActionResult:
        arn, name = response._get_param("SubscriptionArn"), response._get_param("AttributeName")
        check_arn(arn, "SubscriptionArn")
        check_attribute(name, SUBSCRIPTION_ATTRIBUTES)
        known = response.backend.subscriptions.get(arn)
        if known is None:
            raise SNSNotFoundError("Subscription does not exist")
        given = {name: response._get_param("AttributeValue") or ""}
        _check(given, known.attributes.get(_SCOPE) or ATTRIBUTES, known.endpoint, "")
        return original(response)

    return set_subscription_attributes


def _wrap_get_attributes(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_subscription_attributes(backend: Any, arn: str) -> dict[str, Any]:
        # Every caller is the user that GetCallerIdentity returns.
        return {**original(backend, arn), "SubscriptionPrincipal": f"arn:aws:iam::{backend.account_id}:user/moto"}

    return get_subscription_attributes


def _check(given: dict[str, str], scope: str, endpoint: str, place: str) -> None:
    """Raise InvalidParameter for attributes that SNS refuses; ``place`` precedes their names in the error text."""
    for name in given:
        check_attribute(name, SUBSCRIPTION_ATTRIBUTES, place)
    check_raw(given.get(_RAW), place)
    if given.get(_SCOPE) not in (None, ATTRIBUTES, BODY):
        allowed = f"Please use either {BODY} or {ATTRIBUTES}"
        raise invalid(f"{place}{_SCOPE}: Invalid value [{given[_SCOPE]}]. {allowed}")
    dead = dead_letter_queue(given.get(_REDRIVE) or "", place)
    if dead and endpoint.endswith(_FIFO) and not dead.endswith(_FIFO):
        raise invalid(f"{_REDRIVE}: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
    if given.get(_POLICY):
        _check_policy(given[_POLICY], scope, place)


def _check_policy(policy: str, scope: str, place: str) -> None:
    try:
        check_policy(policy, scope)
    except ScopeError as error:
        raise SNSInvalidParameter(f"Invalid parameter: {error}") from error
    except PatternError as error:
        raise SNSInvalidParameter(f"Invalid parameter: {place}{_POLICY}: {error}") from error


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()}
