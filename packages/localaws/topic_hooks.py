"""Hooks in moto's SNS that call localaws: filter policies are checked as AWS checks them, before anything is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from localaws.events.filter_policies import ATTRIBUTES, BODY, ScopeError, check_policy
from localaws.events.pattern_rules import PatternError

_POLICY, _SCOPE = "FilterPolicy", "FilterPolicyScope"


def install() -> None:
    """Make moto ask; before its first request to SNS."""
    SNSResponse.subscribe = _subscribing(SNSResponse.subscribe)
    SNSBackend.set_subscription_attributes = _setting(SNSBackend.set_subscription_attributes)
    SNSBackend.get_subscription_attributes = _getting(SNSBackend.get_subscription_attributes)
    SNSBackend._validate_filter_policy = lambda *_, **__: None  # it knows half of the operators


def _subscribing(original: Callable[..., Any]) -> Callable[..., Any]:
    def subscribe(response: Any) -> Any:
        given = response._get_attributes() or {}
        _check(given, given.get(_SCOPE) or ATTRIBUTES, "Attributes Reason: ")
        return original(response)

    return subscribe


def _setting(original: Callable[..., Any]) -> Callable[..., Any]:
    def set_subscription_attributes(backend: Any, arn: str, name: str, value: Any) -> None:
        known = backend.subscriptions.get(arn)
        _check({name: value}, (known and known.attributes.get(_SCOPE)) or ATTRIBUTES, "")
        original(backend, arn, name, value)

    return set_subscription_attributes


def _getting(original: Callable[..., Any]) -> Callable[..., Any]:
    def get_subscription_attributes(backend: Any, arn: str) -> dict[str, Any]:
        # every caller is the one that GetCallerIdentity names
        return {**original(backend, arn), "SubscriptionPrincipal": f"arn:aws:iam::{backend.account_id}:user/moto"}

    return get_subscription_attributes


def _check(given: dict[str, Any], scope: str, reason: str) -> None:
    """Raise InvalidParameter for a scope or a policy that SNS refuses; ``reason`` is what it puts before the name."""
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
