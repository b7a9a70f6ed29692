"""Declares functions: `strpos(varchar, varchar) -> bigint` and the DuckDB text of a call.

In a signature, T, K, V, U are any type, the same type at each occurrence; `...` repeats the last parameter; `number` is
any numeric type; as a result type it is the argument's type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, coerce, text_literal
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import UNKNOWN, Type, common_type, is_numeric

Compile = Callable[[exp.Expression, Scope], Typed]


@dataclass(frozen=True)
class Call:
    """One call to compile: the name, the arguments as written, and the function that compiles an argument."""

    name: str
    nodes: list[exp.Expression]
    scope: Scope
    compile: Compile

    @cached_property
    def args(self) -> list[Typed]:
        """The compiled arguments."""
        return [self.compile(node, self.scope) for node in self.nodes]

    def literal(self, index: int, what: str) -> str:
        """The text of an argument that must be a string literal."""
        return self._written(index, what, "varchar")

    def number(self, index: int, what: str) -> int:
        """The value of an argument that must be an integer literal."""
        return int(self._written(index, what, "integer"))

    def _written(self, index: int, what: str, kind: str) -> str:
        if index >= len(self.args) or self.args[index].type.name != kind:
            raise self.unexpected(f"{what} of type {kind}")
        value = self.args[index].literal
        if value is None:
            raise NotSupportedError(f"function {self.name} with {what} that is not a literal")
        return value

    def unexpected(self, expected: str) -> UnexpectedParametersError:
        """Return Trino's error for arguments that no form of the function accepts."""
        given = ", ".join(str(arg.type) for arg in self.args)
        return UnexpectedParametersError(
            f"Unexpected parameters ({given}) for function {self.name}. Expected: {expected}"
        )


Build = Callable[[Call], Typed]


@dataclass(frozen=True)
class Function:
    """A supported function of Trino: its signature, and the function that compiles a call to DuckDB text."""

    name: str
    signature: str
    build: Build


_WORD = re.compile(r"(\w+)\((.*)\) -> (.+)")


def declared(signature: str, template: str) -> Function:
    """A function whose call is a template: `{0}` is the first argument, `{args}` all of them."""
    match = _WORD.fullmatch(signature)
    if not match:
        raise ValueError(f"signature {signature!r} is not 'name(types) -> type'")
    params = _split(match[2])

    def build(call: Call) -> Typed:
        return _apply(signature, params, match[3], template, call)

    return Function(match[1], signature, build)


def written(signature: str) -> Callable[[Build], Function]:
    """A function whose call is built by Python code."""
    name = signature.partition("(")[0]
    return lambda build: Function(name, signature, build)


def _split(text: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return [*parts, part.strip()] if part.strip() else parts


def _apply(signature: str, params: list[str], returns: str, template: str, call: Call) -> Typed:
    wanted = _repeat(params, len(call.nodes))
    if wanted is None:
        raise call.unexpected(signature)
    bound: dict[str, Type] = {}
    for text, arg in zip(wanted, call.args, strict=True):
        if not _unify(text, arg.type, bound):
            raise call.unexpected(signature)
    given = [coerce(arg, _substitute(text, bound)).sql for text, arg in zip(wanted, call.args, strict=True)]
    return Typed(template.format(*given, args=", ".join(given)), _substitute(returns, bound))


def _repeat(params: list[str], count: int) -> list[str] | None:
    if params and params[-1] == "...":
        return params[:-1] + [params[-2]] * (count - len(params) + 1) if count >= len(params) - 1 else None
    return params if len(params) == count else None


def _unify(text: str, kind: Type, bound: dict[str, Type]) -> bool:
    if text in ("T", "K", "V", "U", "number"):
        if text == "number" and not (is_numeric(kind) or kind == UNKNOWN):
            return False
        wider = common_type(bound.get(text, UNKNOWN), kind)
        if wider is not None:
            bound[text] = wider
        return wider is not None
    if kind == UNKNOWN:
        return True
    outer, _, inner = text.partition("(")
    if inner and outer in ("array", "map"):
        parts = _split(inner[:-1])
        return kind.name == outer and all(_unify(p, a, bound) for p, a in zip(parts, kind.args, strict=True))
    target = parse_type(text)
    return common_type(kind, target) == target or (kind.name == target.name and not target.size)


def _substitute(text: str, bound: dict[str, Type]) -> Type:
    if text in ("T", "K", "V", "U", "number"):
        return bound.get(text, UNKNOWN)
    outer, _, inner = text.partition("(")
    if inner and outer in ("array", "map"):
        return Type(outer, tuple(_substitute(part, bound) for part in _split(inner[:-1])))
    return parse_type(text)


def constant(value: str) -> str:
    """A DuckDB string literal of a value known at compile time."""
    return text_literal(value)
