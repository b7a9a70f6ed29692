"""Event patterns: those of EventBridge rules, and of the filters of event source mappings.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_LARGEST = 5e9
_MOST_WILDCARDS = 5
_TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard "
    "character"
)
_MISSING = object()


class PatternError(ValueError):
    """A pattern that AWS does not take; the text is AWS's reason."""


def parse_pattern(text: str) -> dict[str, Any]:
    """Read and check a pattern; raises PatternError."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise PatternError(f"Filter is not an object: {error}") from error
    if not isinstance(pattern, dict):
        raise PatternError("Filter is not an object")
    if not pattern:
        raise PatternError("Empty objects are not allowed")
    _check(pattern)
    return pattern


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether an event has what a pattern asks for. A list in the event matches if one of its items does."""
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
    """The value of a name, which may be a path of names joined by dots."""
    if not isinstance(event, dict):
        return _MISSING
    if name in event:
        return event[name]
    head, dot, rest = name.partition(".")
    return _value_of(event.get(head), rest) if dot else _MISSING


def _below(event: Any, name: str) -> dict[str, Any]:
    """What lies below a name in an event whose own names are joined by dots."""
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
            # a branch is no leaf: only leaves exist
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


def _check(pattern: Mapping[str, Any]) -> None:
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list) and all(isinstance(choice, dict) for choice in wanted):
            if len(wanted) < 2:
                raise PatternError("There must have at least 2 Objects in $or relationship.")
            for choice in wanted:
                _check(choice)
        elif isinstance(wanted, dict):
            if not wanted:
                raise PatternError("Empty objects are not allowed")
            _check(wanted)
        elif not isinstance(wanted, list):
            raise PatternError(f'"{name}" must be an object or an array')
        elif not wanted:
            raise PatternError("Empty arrays are not allowed")
        else:
            for choice in wanted:
                _check_choice(choice)


def _check_choice(choice: Any) -> None:
    if isinstance(choice, list):
        raise PatternError("Match value must be String, number, true, false, or null")
    if not isinstance(choice, dict):
        return
    if len(choice) != 1:
        raise PatternError("Only one key allowed in match expression")
    name, argument = next(iter(choice.items()))
    if name not in _CHECKS:
        raise PatternError(f"Unrecognized match type {name}")
    _CHECKS[name](name, argument)


def _check_exists(name: str, argument: Any) -> None:
    if not isinstance(argument, bool):
        raise PatternError("exists match pattern must be either true or false.")


def _check_text(name: str, argument: Any) -> None:
    if not isinstance(argument, str):
        raise PatternError(f"{name} match pattern must be a string")
    if name == "wildcard":
        if "**" in argument:
            raise PatternError("Consecutive wildcard characters at pos " + str(argument.index("**") + 1))
        if argument.count("*") > _MOST_WILDCARDS:
            raise PatternError(_TOO_COMPLEX)


def _check_cidr(name: str, argument: Any) -> None:
    if not isinstance(argument, str):
        raise PatternError("prefix match pattern must be a string")
    address, slash, bits = argument.partition("/")
    if not slash or "/" in bits:
        raise PatternError("Malformed CIDR, one '/' required")
    if not bits.isdigit():
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_network(argument, strict=False)
    except ValueError as error:
        raise PatternError(f"Nonstandard IP address: {address}") from error


def _check_affix(name: str, argument: Any) -> None:
    folds_case = isinstance(argument, dict) and isinstance(argument.get("equals-ignore-case"), str)
    if not folds_case:
        _check_text(name, argument)


def _check_numeric(name: str, argument: Any) -> None:
    if not isinstance(argument, list):
        raise PatternError("Value of numeric must be an array.")
    if not argument:
        raise PatternError("Invalid member in numeric match: ]")
    for place, sign in enumerate(argument[::2]):
        if not isinstance(sign, str):
            raise PatternError(f"Invalid member in numeric match: {sign}")
        if sign not in _COMPARISONS:
            raise PatternError(f"Unrecognized numeric range operator: {sign}")
        limit = argument[2 * place + 1] if 2 * place + 1 < len(argument) else None
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            raise PatternError(f"Value of {sign} must be numeric")
        if abs(limit) > _LARGEST:
            raise PatternError("Value must be between -5.0E9 and 5.0E9, inclusive")
        if place and (sign not in ("<", "<=") or argument[0] not in (">", ">=")):
            raise PatternError(f"Bad numeric range operator: {sign}")
    if len(argument) > 4:
        raise PatternError("Too many elements in numeric expression")


def _check_anything_but(name: str, argument: Any) -> None:
    if isinstance(argument, dict):
        kind, inner = next(iter(argument.items()), ("", None))
        if len(argument) != 1 or kind not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise PatternError(f"Unsupported anything-but pattern: {kind}")
        _check_anything_but_inner(kind, inner)
    elif isinstance(argument, list):
        if not argument:
            raise PatternError("Empty arrays are not allowed")
        if any(isinstance(item, list | dict | bool) or item is None for item in argument):
            raise PatternError("Inside anything but list, start|null|boolean is not supported.")
    elif argument is None or isinstance(argument, bool):
        raise PatternError("Value of anything-but must be an array or single string/number value.")


def _check_anything_but_inner(kind: str, inner: Any) -> None:
    if isinstance(inner, dict) or inner is None:
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    for item in inner if isinstance(inner, list) else [inner]:
        if not isinstance(item, str):
            if kind == "equals-ignore-case":
                raise PatternError(f"Inside anything-but/{kind} list, number|start|null|boolean is not supported.")
            shown = "prefix/suffix" if kind in ("prefix", "suffix") else kind
            raise PatternError(f"{shown} match pattern must be a string")
        if not item and kind in ("prefix", "suffix"):
            raise PatternError("Null prefix/suffix not allowed")


_CHECKS: Mapping[str, Callable[[str, Any], None]] = {
    "prefix": _check_affix,
    "suffix": _check_affix,
    "anything-but": _check_anything_but,
    "numeric": _check_numeric,
    "exists": _check_exists,
    "equals-ignore-case": _check_text,
    "wildcard": _check_text,
    "cidr": _check_cidr,
}
