"""The values of a PartiQL statement: literals, lists and maps of them, and ``?``, which stands for a parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.dynamodb.partiql_tokens import Tokens

Value = dict[str, Any]
"""A value as DynamoDB writes it, such as ``{"S": "a"}``."""
Parameters = Sequence[Value]
Given = Callable[[Parameters], Value]
"""Returns a value, given the parameters of a call."""


@dataclass
class Values:
    """Reads values from ``tokens``; ``parameters`` is the number of ``?`` so far.

    Methods raise NotImplementedError for what is no value.
    """

    tokens: Tokens
    parameters: int = 0

    def value(self) -> Given:
        """Read a value."""
        if self.tokens.takes("?"):
            at, self.parameters = self.parameters, self.parameters + 1
            return lambda given: given[at]
        if self.tokens.takes("["):
            parts = self._parts("]", self.value)
            return lambda given: {"L": [part(given) for part in parts]}
        if self.tokens.takes("{"):
            pairs = self._parts("}", self._pair)
            return lambda given: {"M": {name: part(given) for name, part in pairs}}
        literal = self._literal()
        return lambda _: literal

    def _literal(self) -> Value:
        sign = "-" if self.tokens.takes("-") else ""
        kind, token = self.tokens.next()
        literal: Value
        if kind == "number":
            literal = {"N": sign + token}
        elif sign:
            raise self.tokens.unexpected()
        elif kind == "text":
            literal = {"S": token[1:-1].replace("''", "'")}
        elif token.upper() in ("TRUE", "FALSE"):
            literal = {"BOOL": token.upper() == "TRUE"}
        elif token.upper() == "NULL":
            literal = {"NULL": True}
        else:
            raise self.tokens.unexpected()
        self.tokens.need(token)
        return literal

    def _pair(self) -> tuple[str, Given]:
        kind, token = self.tokens.next()
        if kind != "text":
            raise self.tokens.unexpected()
        self.tokens.need(token)
        self.tokens.need(":")
        return token[1:-1].replace("''", "'"), self.value()

    def _parts(self, end: str, read: Callable[[], Any]) -> list[Any]:
        parts: list[Any] = []
        while not self.tokens.takes(end):
            if parts:
                self.tokens.need(",")
            parts.append(read())
        return parts
