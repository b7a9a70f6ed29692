"""Validation of event patterns, with AWS's messages for refusals."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from localaws.events.pattern_text import Node, parse, place

_Checks: TypeAlias = Mapping[str, Callable[[str, Node], None]]
_COMPARISONS = ("=", "<", "<=", ">", ">=")
_LARGEST = 5e9
_MOST_WILDCARDS = 5
_TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard "
    "character"
)
_NO_SUCH_VALUE = "Value of anything-but must be an array or single string/number value."


class PatternError(ValueError):
    """A pattern that AWS refuses. The text is AWS's message, with the place in the pattern if AWS adds it."""


class _RefusalError(Exception):
    """A reason and the offset of its place, which AWS's message names twice in a list of anything-but (``times``)."""

    def __init__(self, reason: str, offset: int | None = None, times: int = 1) -> None:
        super().__init__(reason)
        self.offset, self.times = offset, times

    def text(self, pattern: str) -> str:
        where = "" if self.offset is None else place(pattern, self.offset)
        return str(self) + where * self.times


def parse_pattern(text: str, *, of_topic: bool = False) -> dict[str, Any]:
    """Parse and check a pattern as EventBridge and Lambda do, or SNS with ``of_topic``. Raises PatternError."""
    try:
        pattern = parse(text)
    except ValueError as error:
        raise PatternError(f"Filter is not an object: {error}") from error
    try:
        if not isinstance(pattern.value, dict):
            raise _RefusalError("Filter is not an object", pattern.seen)
        _check(pattern, _CHECKS_OF_TOPICS if of_topic else _CHECKS)
    except _RefusalError as reason:
        raise PatternError(reason.text(text)) from reason
    return dict(pattern.plain)


def _check(pattern: Node, checks: _Checks) -> None:
    if not pattern.value:
        raise _RefusalError("Empty objects are not allowed", pattern.end)
    for name, wanted in pattern.value.items():
        if name == "$or" and _is_choice_of_patterns(wanted):
            if len(wanted.value) < 2:
                raise _RefusalError("There must have at least 2 Objects in $or relationship.", wanted.end)
            for choice in wanted.value:
                _check(choice, checks)
        elif isinstance(wanted.value, dict):
            _check(wanted, checks)
        elif not isinstance(wanted.value, list):
            raise _RefusalError(f'"{name}" must be an object or an array', wanted.seen)
        elif not wanted.value:
            raise _RefusalError("Empty arrays are not allowed", wanted.end)
        else:
            for choice in wanted.value:
                _check_choice(choice, checks)


def _is_choice_of_patterns(wanted: Node) -> bool:
    return isinstance(wanted.value, list) and all(isinstance(choice.value, dict) for choice in wanted.value)


def _check_choice(choice: Node, checks: _Checks) -> None:
    if isinstance(choice.value, list):
        raise _RefusalError("Match value must be String, number, true, false, or null", choice.seen)
    if not isinstance(choice.value, dict):
        return
    if not choice.value:
        raise _RefusalError("Match expression name not found", choice.end)
    (name, argument), *others = choice.value.items()
    if name not in checks:
        raise _RefusalError(f"Unrecognized match type {name}", argument.seen)
    checks[name](name, argument)
    if others:
        raise _RefusalError("Only one key allowed in match expression", others[0][1].seen)


def _check_exists(name: str, argument: Node) -> None:
    if not isinstance(argument.value, bool):
        raise _RefusalError("exists match pattern must be either true or false.", argument.seen)


def _check_text(name: str, argument: Node) -> None:
    if not isinstance(argument.value, str):
        raise _RefusalError(f"{name} match pattern must be a string", argument.seen)
    if name == "wildcard":
        if "**" in argument.value:
            raise _RefusalError(
                f"Consecutive wildcard characters at pos {argument.value.index('**') + 1}", argument.end
            )
        if argument.value.count("*") > _MOST_WILDCARDS:
            raise _RefusalError(_TOO_COMPLEX)


def _check_cidr(name: str, argument: Node) -> None:
    if not isinstance(argument.value, str):
        raise _RefusalError("prefix match pattern must be a string", argument.seen)
    address, slash, bits = argument.value.partition("/")
    if not slash or "/" in bits:
        raise _RefusalError("Malformed CIDR, one '/' required")
    if not bits.isdigit():
        raise _RefusalError("Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_network(argument.value, strict=False)
    except ValueError as error:
        raise _RefusalError(f"Nonstandard IP address: {address}") from error


def _check_affix(name: str, argument: Node) -> None:
    inner = argument.value.get("equals-ignore-case") if isinstance(argument.value, dict) else None
    if inner is None or not isinstance(inner.value, str):
        _check_text(name, argument)


def _check_numeric(name: str, argument: Node) -> None:
    members = argument.value
    if not isinstance(members, list):
        raise _RefusalError("Value of numeric must be an array.", argument.seen)
    if not members:
        raise _RefusalError("Invalid member in numeric match: ]", argument.end)
    sign, *rest = members
    if not isinstance(sign.value, str):
        raise _RefusalError(f"Invalid member in numeric match: {sign.plain}", sign.end)
    end = Node(None, argument.end, argument.end)
    if sign.value not in _COMPARISONS:
        raise _RefusalError(f"Unrecognized numeric range operator: {sign.value}", (rest[0] if rest else end).seen)
    _check_limit(sign.value, rest[0] if rest else end)
    if len(rest) > 1:
        if sign.value not in (">", ">="):
            raise _RefusalError("Too many elements in numeric expression", rest[1].seen)
        _check_range(rest[0].value, rest[1:], end)


def _check_range(bottom: float, members: list[Node], end: Node) -> None:
    """Check the members of a range after its lower bound; ``end`` is the position after the list."""
    second, *rest = members
    if not isinstance(second.value, str):
        raise _RefusalError(f"Bad value in numeric range: {second.plain}", second.end)
    if second.value not in ("<", "<="):
        raise _RefusalError(f"Bad numeric range operator: {second.value}", second.end)
    _check_limit(second.value, rest[0] if rest else end)
    if len(rest) > 1:
        raise _RefusalError("Too many terms in numeric range expression", rest[1].seen)
    if rest[0].value <= bottom:
        raise _RefusalError("Bottom must be less than top", end.end)


def _check_limit(sign: str, limit: Node) -> None:
    if isinstance(limit.value, bool) or not isinstance(limit.value, int | float):
        raise _RefusalError(f"Value of {'equals' if sign == '=' else sign} must be numeric", limit.seen)
    if abs(limit.value) > _LARGEST:
        raise _RefusalError("Value must be between -5.0E9 and 5.0E9, inclusive", limit.end)


def _check_anything_but(name: str, argument: Node) -> None:
    value = argument.value
    if isinstance(value, dict):
        kind, inner = next(iter(value.items()), ("", argument))
        if len(value) != 1 or kind not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise _RefusalError(f"Unsupported anything-but pattern: {kind}", inner.seen)
        _check_anything_but_inner(kind, inner)
    elif isinstance(value, list):
        if not value:
            raise _RefusalError("Empty arrays are not allowed", argument.end)
        for item in value:
            if isinstance(item.value, list | dict | bool) or item.value is None:
                raise _RefusalError(
                    "Inside anything but list, start|null|boolean is not supported.", item.seen, times=2
                )
    elif value is None or isinstance(value, bool):
        raise _RefusalError(_NO_SUCH_VALUE, argument.seen)


def _check_anything_but_inner(kind: str, inner: Node) -> None:
    if isinstance(inner.value, dict) or inner.value is None:
        raise _RefusalError(_NO_SUCH_VALUE, inner.seen)
    items, times = (inner.value, 2) if isinstance(inner.value, list) else ([inner], 1)
    for item in items:
        if not isinstance(item.value, str):
            if kind == "equals-ignore-case":
                reason = f"Inside anything-but/{kind} list, number|start|null|boolean is not supported."
                raise _RefusalError(reason, item.seen, times)
            shown = "prefix/suffix" if kind in ("prefix", "suffix") else kind
            raise _RefusalError(f"{shown} match pattern must be a string", item.seen, times)
        if not item.value and kind in ("prefix", "suffix"):
            raise _RefusalError("Null prefix/suffix not allowed", item.end, times)


def _check_anything_but_of_topic(name: str, argument: Node) -> None:
    if isinstance(argument.value, dict):
        kind, inner = next(iter(argument.value.items()), ("", argument))
        if kind == "suffix":
            raise _RefusalError("Unsupported anything-but pattern: suffix", inner.seen)
        if kind == "prefix" and not isinstance(inner.value, str | list):
            raise _RefusalError("prefix match pattern must be a string", inner.seen)
    _check_anything_but(name, argument)


_CHECKS: _Checks = {
    "prefix": _check_affix,
    "suffix": _check_affix,
    "anything-but": _check_anything_but,
    "numeric": _check_numeric,
    "exists": _check_exists,
    "equals-ignore-case": _check_text,
    "wildcard": _check_text,
    "cidr": _check_cidr,
}
_CHECKS_OF_TOPICS: _Checks = {**_CHECKS, "anything-but": _check_anything_but_of_topic}
