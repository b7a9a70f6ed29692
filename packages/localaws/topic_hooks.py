"""Hooks in moto's SNS around topics and subscriptions: filter and redrive policies are checked with AWS's rules before
anything is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sns import models
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from localaws.events.filter_policies import ATTRIBUTES, BODY, ScopeError, check_policy
from localaws.events.pattern_rules import PatternError

_POLICY, _SCOPE, _REDRIVE = "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"
_FIFO = ".fifo"
# The delivery policy that AWS returns for a topic that has none of its own.
_DELIVERY = {
    "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }
}  # fmt: skip


def install() -> None:
    """Make moto call these checks. Call this before its first request to SNS."""
    SNSResponse.subscribe = _subscribing(SNSResponse.subscribe)
    SNSBackend.set_subscription_attributes = _setting(SNSBackend.set_subscription_attributes)
    SNSBackend.get_subscription_attributes = _getting(SNSBackend.get_subscription_attributes)
    SNSResponse.get_topic_attributes = _describing(SNSResponse.get_topic_attributes)
    models.DEFAULT_EFFECTIVE_DELIVERY_POLICY.clear()
    models.DEFAULT_EFFECTIVE_DELIVERY_POLICY.update(_DELIVERY)
    SNSBackend._validate_filter_policy = lambda *_, **__: None  # it knows half of the operators


def _subscribing(original: Callable[..., Any]) -> Callable[..., Any]:
    def subscribe(response: Any) -> Any:
        given = response._get_attributes() or {}
        _check(given, given.get(_SCOPE) or ATTRIBUTES, "Attributes Reason: ")
        arn, endpoint = response._get_param("TopicArn") or "", response._get_param("Endpoint") or ""
        if response._get_param("Protocol") == "sqs" and endpoint.endswith(_FIFO) and not arn.endswith(_FIFO):
            reason = "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
            raise SNSInvalidParameter(f"Invalid parameter: Invalid parameter: {reason}")
        _check_redrive(given.get(_REDRIVE), endpoint)
        return original(response)

    return subscribe


def _setting(original: Callable[..., Any]) -> Callable[..., Any]:
    def set_subscription_attributes(backend: Any, arn: str, name: str, value: Any) -> None:
        known = backend.subscriptions.get(arn)
        _check({name: value}, (known and known.attributes.get(_SCOPE)) or ATTRIBUTES, "")
        if known and name == _REDRIVE:
            _check_redrive(value, known.endpoint)
        original(backend, arn, name, value)

    return set_subscription_attributes


def _getting(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_subscription_attributes(backend: Any, arn: str) -> dict[str, Any]:
        # Every caller is the user that GetCallerIdentity returns.
        return {**original(backend, arn), "SubscriptionPrincipal": f"arn:aws:iam::{backend.account_id}:user/moto"}

    return get_subscription_attributes


def _describing(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def get_topic_attributes(response: Any) -> ActionResult:
        shown = dict(cast("dict[str, Any]", original(response).result)["Attributes"])
        if not shown["DeliveryPolicy"]:
            del shown["DeliveryPolicy"]
        return ActionResult({"Attributes": shown})

    return get_topic_attributes


def _check_redrive(policy: str | None, endpoint: str) -> None:
    """Raise InvalidParameter if a FIFO subscription has a dead-letter queue that is not FIFO."""
    dead = str(json.loads(policy).get("deadLetterTargetArn") or "") if policy else ""
    if dead and endpoint.endswith(_FIFO) and not dead.endswith(_FIFO):
        reason = "must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        raise SNSInvalidParameter(f"Invalid parameter: {_REDRIVE}: {reason}")


def _check(given: dict[str, Any], scope: str, reason: str) -> None:
    """Raise InvalidParameter for a scope or a policy that SNS refuses. ``reason`` begins the error text."""
    if given.get(_SCOPE) not in (None, ATTRIBUTES, BODY):
        allowed = f"Please use either {BODY} or {ATTRIBUTES}"
        raise SNSInvalidParameter(f"Invalid parameter: {reason}{_SCOPE}: Invalid value [{given[_SCOPE]}]. {allowed}")
    if not given.get(_POLICY):
        return
    try:
        check_policy(given[_POLICY], scope)
    except ScopeError as error:
        raise SNSInvalidParameter(f"Invalid parameter: {error}") from error
    except PatternError as error:
        raise SNSInvalidParameter(f"Invalid parameter: {reason}{_POLICY}: {error}") from error
