"""The Expression of GetPartitions: a condition on partition keys, which compare by type.

Grammar and types: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html. Hive's name for a missing
value, ``__HIVE_DEFAULT_PARTITION__``, is NULL here, and no partition satisfies a comparison with NULL.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from moto.glue.exceptions import InvalidInputException, InvalidStateException

from localaws.glue.partition_values import cast, is_text

NULL = "__HIVE_DEFAULT_PARTITION__"

Values = Sequence[str]
Condition = Callable[[Values], bool | None]
Compare = Callable[[Any, Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?![\w.]))|(?P<string>'(?:[^']|'')*')
    |(?P<name>[A-Za-z_][\w.]*|`[^`]+`|"[^"]+")|(?P<symbol><>|!=|<=|>=|[=<>(),]))""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL"})
_COMPARE: dict[str, Compare] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def partition_filter(expression: str, keys: Sequence[Mapping[str, Any]]) -> Callable[[Values], bool]:
    """A predicate on partition values; ``keys`` are the table's PartitionKeys (``Name``, ``Type``).

    A blank expression matches every partition. Raises InvalidInputException for an expression that the grammar or the
    types do not allow; the predicate raises InvalidStateException for a stored value that is not of its key's type.
    """
    if not expression.strip():
        return lambda values: True
    condition = _Parser(expression, keys).parse()
    return lambda values: condition(values) is True


class _Parser:
    """A recursive descent parser over the tokens of one expression."""

    def __init__(self, expression: str, keys: Sequence[Mapping[str, Any]]) -> None:
        self._expression = expression
        self._keys = {str(key["Name"]).lower(): (index, str(key["Type"])) for index, key in enumerate(keys)}
        self._tokens = self._tokenize()
        self._next = 0

    def parse(self) -> Condition:
        condition = self._or()
        if self._peek()[0] != "end":
            raise self._unsupported()
        return condition

    def _tokenize(self) -> list[tuple[str, str]]:
        tokens, position, text = [], 0, self._expression.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match or not match.lastgroup:
                raise self._unsupported()
            tokens.append(_token(match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return [*tokens, ("end", "")]

    def _or(self) -> Condition:
        conditions = [self._and()]
        while self._take("keyword", "OR"):
            conditions.append(self._and())
        return partial(_any, conditions) if len(conditions) > 1 else conditions[0]

    def _and(self) -> Condition:
        conditions = [self._not()]
        while self._take("keyword", "AND"):
            conditions.append(self._not())
        return partial(_all, conditions) if len(conditions) > 1 else conditions[0]

    def _not(self) -> Condition:
        if self._take("keyword", "NOT"):
            return partial(_not, self._not())
        if self._take("symbol", "("):
            condition = self._or()
            self._expect("symbol", ")")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        if self._peek()[0] in ("string", "number"):
            literal = self._literal()
            sign = self._expect("symbol")
            return self._compare(self._column(), _FLIPPED.get(sign, sign), literal)
        column = self._column()
        if self._take("keyword", "IS"):
            wanted = not self._take("keyword", "NOT")
            self._expect("keyword", "NULL")
            return partial(_is_null, column[0], wanted)
        negated = self._take("keyword", "NOT")
        condition = self._word_comparison(column)
        if condition is None:
            if negated:
                raise self._unsupported()
            return self._compare(column, self._expect("symbol"), self._literal())
        return partial(_not, condition) if negated else condition

    def _word_comparison(self, column: tuple[int, str]) -> Condition | None:
        if self._take("keyword", "IN"):
            self._expect("symbol", "(")
            literals = [self._literal()]
            while self._take("symbol", ","):
                literals.append(self._literal())
            self._expect("symbol", ")")
            return partial(_any, [self._compare(column, "=", literal) for literal in literals])
        if self._take("keyword", "BETWEEN"):
            low = self._compare(column, ">=", self._literal())
            self._expect("keyword", "AND")
            return partial(_all, [low, self._compare(column, "<=", self._literal())])
        if self._take("keyword", "LIKE"):
            return _like(column, self._literal())
        return None

    def _compare(self, column: tuple[int, str], sign: str, literal: str) -> Condition:
        if sign not in _COMPARE:
            raise self._unsupported()
        index, key_type = column
        try:
            wanted = cast(key_type, literal)
        except ValueError as error:
            raise InvalidInputException("GetPartitions", str(error)) from error
        return partial(_matches, index, key_type, _COMPARE[sign], wanted)

    def _column(self) -> tuple[int, str]:
        name = self._expect("name")
        if name.lower() not in self._keys:
            text = f"{name} is not a partition key; allowed: {', '.join(self._keys)}"
            raise InvalidInputException("GetPartitions", f"Invalid partition expression! {text}")
        return self._keys[name.lower()]

    def _literal(self) -> str:
        kind, text = self._peek()
        if kind == "name" and text.lower() in ("date", "timestamp"):
            self._next += 1
            return self._expect("string")
        if kind not in ("string", "number"):
            raise self._unsupported()
        self._next += 1
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next]

    def _take(self, kind: str, text: str) -> bool:
        matches = self._peek() == (kind, text)
        self._next += matches
        return matches

    def _expect(self, kind: str, text: str | None = None) -> str:
        found_kind, found_text = self._peek()
        if found_kind != kind or text not in (None, found_text):
            raise self._unsupported()
        self._next += 1
        return found_text

    def _unsupported(self) -> InvalidInputException:
        return InvalidInputException("GetPartitions", f"Unsupported expression '{self._expression[:500]}'")


def _token(kind: str, text: str) -> tuple[str, str]:
    if kind == "string":
        return kind, text[1:-1].replace("''", "'")
    if kind == "name" and text.upper() in _KEYWORDS:
        return "keyword", text.upper()
    return kind, text.strip('`"') if kind == "name" else text


def _all(conditions: Sequence[Condition], values: Values) -> bool | None:
    results = [condition(values) for condition in conditions]
    return False if False in results else None if None in results else True


def _any(conditions: Sequence[Condition], values: Values) -> bool | None:
    results = [condition(values) for condition in conditions]
    return True if True in results else None if None in results else False


def _not(condition: Condition, values: Values) -> bool | None:
    result = condition(values)
    return None if result is None else not result


def _is_null(index: int, wanted: bool, values: Values) -> bool:
    return (values[index] == NULL) is wanted


def _matches(index: int, key_type: str, compare: Compare, wanted: Any, values: Values) -> bool | None:
    if values[index] == NULL:
        return None
    try:
        return compare(cast(key_type, values[index]), wanted)
    except ValueError as error:
        raise InvalidStateException("GetPartitions", str(error)) from error


def _like(column: tuple[int, str], pattern: str) -> Condition:
    index, key_type = column
    if not is_text(key_type):
        raise InvalidInputException("GetPartitions", f"{key_type} data type doesn't support operation 'LIKE'")
    regex = re.compile("".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern), re.DOTALL)
    return partial(_matches, index, key_type, lambda value, _: regex.fullmatch(value) is not None, None)
