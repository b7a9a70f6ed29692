"""Matching of event patterns: those of EventBridge rules, and the filters of event source mappings.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_MISSING = object()


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Return whether an event matches a pattern. A list in the event matches if any of its items does."""
    if isinstance(event, list):
        return any(matches(pattern, item) for item in event)
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            if not any(matches(choice, event) for choice in wanted):
                return False
            continue
        value = _value_of(event, name)
        if isinstance(wanted, dict):
            if not matches(wanted, _below(event, name) if value is _MISSING else value):
                return False
        elif not _any_of(wanted, value):
            return False
    return True


def _value_of(event: Any, name: str) -> Any:
    """Return the value of a name, which may be a path of names joined by dots. The names may contain dots too."""
    if not isinstance(event, dict):
        return _MISSING
    if name in event:
        return event[name]
    for place in (place for place, letter in enumerate(name) if letter == "."):
        inner = _value_of(event.get(name[:place]), name[place + 1 :])
        if inner is not _MISSING:
            return inner
    return _MISSING


def _below(event: Any, name: str) -> dict[str, Any]:
    """Return the members of an event whose dotted names begin with a name, keyed by the rest of their names."""
    if not isinstance(event, dict):
        return {}
    return {key[len(name) + 1 :]: value for key, value in event.items() if key.startswith(f"{name}.")}


def _any_of(choices: list[Any], value: Any) -> bool:
    if isinstance(value, list) and value:
        return any(_is(choice, item) for choice in choices for item in value)
    return any(_is(choice, value) for choice in choices)


def _is(choice: Any, value: Any) -> bool:
    if isinstance(choice, dict):
        name, argument = next(iter(choice.items()))
        if name == "exists":
            # AWS defines "exists" only for leaves of the event, so an object does not exist.
            return bool(argument == (value is not _MISSING and not isinstance(value, dict) and value != []))
        return value is not _MISSING and _TESTS[name](argument, value)
    if value is _MISSING or isinstance(choice, bool) != isinstance(value, bool):
        return False
    return bool(choice == value)


def _prefix(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        return isinstance(value, str) and value.lower().startswith(argument["equals-ignore-case"].lower())
    return isinstance(value, str) and value.startswith(argument)


def _suffix(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        return isinstance(value, str) and value.lower().endswith(argument["equals-ignore-case"].lower())
    return isinstance(value, str) and value.endswith(argument)


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        name, inner = next(iter(argument.items()))
        return not any(_TESTS[name](item, value) for item in (inner if isinstance(inner, list) else [inner]))
    return not any(_is(item, value) for item in (argument if isinstance(argument, list) else [argument]))


def _numeric(argument: list[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(_COMPARISONS[name](value, limit) for name, limit in pairs)


def _equals_ignore_case(argument: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == argument.lower()


def _wildcard(argument: str, value: Any) -> bool:
    parts = re.split(r"(\\.|\*)", argument)
    pattern = "".join(".*" if part == "*" else re.escape(part.removeprefix("\\")) for part in parts)
    return isinstance(value, str) and bool(re.fullmatch(pattern, value, re.DOTALL))


def _cidr(argument: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "cidr": _cidr,
}
