"""The supported part of OData's ``$filter``: comparisons, and/or/not, parentheses, three text functions."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from bcb_mirror.world import Record

Predicate = Callable[[Record], bool]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([(),]))")
_COMPARISONS: dict[str, Callable[[str | float, str | float], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


class FilterError(ValueError):
    """A ``$filter`` that cannot be parsed, or that names an unknown field."""


def predicate_of(text: str, fields: tuple[str, ...]) -> Predicate:
    """Parse ``$filter``; raise FilterError."""
    parser = _Parser(_tokens(text), fields)
    predicate = parser.either()
    if parser.rest:
        raise FilterError(f"unexpected {parser.rest[0]!r} in $filter")
    return predicate


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            raise FilterError(f"cannot read $filter at {text[position : position + 20]!r}")
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over ``rest``, the tokens that are not parsed yet."""

    def __init__(self, tokens: list[str], fields: tuple[str, ...]) -> None:
        self.rest, self._fields = tokens, fields

    def either(self) -> Predicate:
        left = self._both()
        while self._skip("or"):
            left = _any(left, self._both())
        return left

    def _both(self) -> Predicate:
        left = self._one()
        while self._skip("and"):
            left = _all(left, self._one())
        return left

    def _one(self) -> Predicate:
        if self._skip("not"):
            inner = self._one()
            return lambda record: not inner(record)
        if self._skip("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self.rest and self.rest[0] in _FUNCTIONS:
            return self._function()
        return self._comparison()

    def _function(self) -> Predicate:
        function = _FUNCTIONS[self._next()]
        self._expect("(")
        field = self._field()
        self._expect(",")
        part = str(self._literal())
        self._expect(")")
        return lambda record: function(str(record[field] or ""), part)

    def _comparison(self) -> Predicate:
        field, name = self._field(), self._next()
        if name not in _COMPARISONS:
            raise FilterError(f"{name!r} is not a comparison; allowed: {', '.join(_COMPARISONS)}")
        compare, value = _COMPARISONS[name], self._literal()
        return lambda record: _compared(compare, record[field], value)

    def _field(self) -> str:
        name = self._next()
        if name not in self._fields:
            raise FilterError(f"{name!r} is not a field; allowed: {', '.join(self._fields)}")
        return name

    def _literal(self) -> str | float | None:
        text = self._next()
        if text == "null":
            return None
        if text.startswith("'"):
            return text[1:-1].replace("''", "'")
        try:
            return float(text)
        except ValueError as error:
            raise FilterError(f"{text!r} is not a literal; put texts in single quotes") from error

    def _next(self) -> str:
        if not self.rest:
            raise FilterError("$filter ends too early")
        return self.rest.pop(0)

    def _skip(self, token: str) -> bool:
        if self.rest and self.rest[0] == token:
            self.rest.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            raise FilterError(f"expected {token!r} in $filter")


def _compared(
    compare: Callable[[str | float, str | float], bool], left: str | float | None, right: str | float | None
) -> bool:
    if left is None or right is None:
        same = left is right
        return same if compare is operator.eq else not same and compare is operator.ne
    if isinstance(left, str) is not isinstance(right, str):
        raise FilterError(f"{left!r} and {right!r} are of different types")
    return compare(left, right)


def _any(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) or right(record)


def _all(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) and right(record)
