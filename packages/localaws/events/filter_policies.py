"""SNS filter policies: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localaws.events.pattern_rules import PatternError, parse_pattern

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
_MOST_KEYS = 5
_MOST_COMBINATIONS = 150


class ScopeError(ValueError):
    """A policy that its scope does not allow; the text is AWS's reason."""


def check_policy(text: str, scope: str) -> None:
    """Raise PatternError or ScopeError for a policy that SNS refuses."""
    try:
        text = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)  # as AWS shows it in reasons
    except ValueError as error:
        raise PatternError(f"failed to parse JSON. {error}") from error
    policy = parse_pattern(text, of_topic=True)
    if scope == ATTRIBUTES and any(isinstance(wanted, dict) for wanted in policy.values()):
        raise ScopeError(f"Filter policy scope {ATTRIBUTES} does not support nested filter policy")
    if len(policy) > _MOST_KEYS:
        raise PatternError(f"Filter policy can not have more than {_MOST_KEYS} keys")
    if combinations(policy) > _MOST_COMBINATIONS:
        raise PatternError("Filter policy is too complex")


def combinations(policy: Mapping[str, Any], depth: int = 1) -> int:
    """Return AWS's count: the product of the number of values times the depth of each key; choices of $or add up."""
    product = 1
    for name, wanted in policy.items():
        if isinstance(wanted, dict):
            product *= combinations(wanted, depth + 1)
        elif name == "$or" and all(isinstance(choice, dict) for choice in wanted):
            product *= sum(combinations(choice, depth) for choice in wanted)
        else:
            product *= len(wanted) * depth
    return product
