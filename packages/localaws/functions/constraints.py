"""Constraints of Lambda's parameters, from botocore's model, with AWS's messages for violations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from localaws.functions.errors import LambdaError, invalid

_NUMBERS = ("integer", "long", "float", "double")
_LONGEST_NAME = 64
# The runtimes, in the order in which AWS lists them in its error for an unknown runtime.
RUNTIMES = (
    "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, "
    "python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, "
    "java11, dotnet6, nodejs18.x, provided.al2, java8.al2"
)
# Enum values in AWS's order, where botocore's model has a different order.
_IN_ORDER = {"Runtime": RUNTIMES, "EventSourcePosition": "LATEST, AT_TIMESTAMP, TRIM_HORIZON"}
_QUALIFIED = re.compile(r"[a-zA-Z0-9-_]+")


def check(shape: Any, parameters: dict[str, Any]) -> None:
    """Raise ValidationException if parameters violate a constraint."""
    problems = list(_of_members(shape, parameters, "")) if shape else []
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise LambdaError("ValidationException", count + "; ".join(problems))
    name = parameters.get("FunctionName") if shape and shape.name == "CreateFunctionRequest" else None
    if isinstance(name, str) and _QUALIFIED.fullmatch(name) and len(name) > _LONGEST_NAME:
        constraint = f"failed to satisfy constraint: Member must have length less than or equal to {_LONGEST_NAME}"
        raise invalid(f"1 validation error detected: Value '{name}' at 'functionName' {constraint}")


def _of_members(shape: Any, values: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if values.get(name) is None:
            yield _problem(None, _joined(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if values.get(name) is not None and (path or name != "Runtime"):  # that of a function has another error
            yield from _of_value(member, values[name], _joined(path, name))


def _of_value(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        if isinstance(value, dict):
            yield from _of_members(shape, value, path)
        return
    broken = list(_broken(shape, value))
    if shape.type_name == "list" and isinstance(value, list) and not broken:
        if shape.member.type_name == "structure":
            for number, item in enumerate(value, start=1):
                yield from _of_value(shape.member, item, f"{path}.{number}.member")
            return
        if any(any(_broken(shape.member, item)) for item in value):
            every = ", ".join([*_all(shape.member), "Member must not be null"])
            is_plain = shape.member.name == "Runtime"  # AWS names these alone
            broken = [_enum(shape.member)] if is_plain else [f"Member must satisfy constraint: [{every}]"]
    for constraint in broken:
        yield _problem(value, path, constraint)


def _broken(shape: Any, value: Any) -> Iterator[str]:
    """Return the constraints that a value violates."""
    kind, limits = shape.type_name, shape.metadata
    size = value if kind in _NUMBERS and isinstance(value, int | float) else None
    word = "value"
    if kind in ("string", "list", "blob", "map") and hasattr(value, "__len__"):
        size, word = len(value), "length"
    if size is not None and "max" in limits and size > limits["max"]:
        yield f"Member must have {word} less than or equal to {limits['max']}"
    if size is not None and "min" in limits and size < limits["min"]:
        yield f"Member must have {word} greater than or equal to {limits['min']}"
    if kind == "string" and isinstance(value, str):
        if "enum" in limits and value not in limits["enum"]:
            yield _enum(shape)
        if "pattern" in limits and not _matches(limits["pattern"], value):
            yield _pattern(limits["pattern"])


def _all(shape: Any) -> Iterator[str]:
    limits = shape.metadata
    if "max" in limits:
        yield f"Member must have length less than or equal to {limits['max']}"
    if "min" in limits:
        yield f"Member must have length greater than or equal to {limits['min']}"
    if "pattern" in limits:
        yield _pattern(limits["pattern"])
    if "enum" in limits:
        yield _enum(shape)


def _enum(shape: Any) -> str:
    values = _IN_ORDER.get(shape.name) or ", ".join(shape.metadata["enum"])
    return f"Member must satisfy enum value set: [{values}]"


def _pattern(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or bool(compiled.fullmatch(value))


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:  # Java's own syntax
        return None


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)[:1000]


def _joined(path: str, name: str) -> str:
    lowered = name[0].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered
