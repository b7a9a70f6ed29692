"""What AWS takes as a pattern, and its reasons for what it does not."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any

_COMPARISONS = ("=", "<", "<=", ">", ">=")
_LARGEST = 5e9
_MOST_WILDCARDS = 5
_TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard "
    "character"
)


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
