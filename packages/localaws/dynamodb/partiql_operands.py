"""The operands of a PartiQL statement, paths, functions and values, as text of DynamoDB's expressions."""

from __future__ import annotations

from localaws.dynamodb.partiql_tokens import Tokens
from localaws.dynamodb.partiql_values import Given, Values

_FUNCTIONS = ("begins_with", "contains", "attribute_type", "size", "list_append")


class Operands:
    """Reads operands from ``tokens``: ``names`` and ``values`` have their placeholders.

    Methods raise NotImplementedError for what is not translated.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens, self._values = tokens, Values(tokens)
        self.names: dict[str, str] = {}
        self.values: dict[str, Given] = {}

    @property
    def parameters(self) -> int:
        """The number of ``?`` so far."""
        return self._values.parameters

    def operand(self) -> str:
        """Read a path, a function or a value."""
        kind, token = self.tokens.next()
        if kind == "word" and token.lower() in _FUNCTIONS and self.tokens.is_function():
            name = token.lower()
            self.tokens.need(token)
            self.tokens.need("(")
            given = [self.operand()]
            while self.tokens.takes(","):
                given.append(self.operand())
            self.tokens.need(")")
            return f"{name}({', '.join(given)})"
        if kind == "name" or (kind == "word" and token.upper() not in ("TRUE", "FALSE", "NULL")):
            return self.path()
        place = f":v{len(self.values)}"
        self.values[place] = self._values.value()
        return place

    def listed(self) -> list[str]:
        """Read the operands of a list in brackets or parentheses."""
        end = "]" if self.tokens.takes("[") else ")"
        if end == ")":
            self.tokens.need("(")
        values = [self.operand()]
        while self.tokens.takes(","):
            values.append(self.operand())
        self.tokens.need(end)
        return values

    def path(self) -> str:
        """Read the path of an attribute; return it with placeholders."""
        path = self._placeholder(self.tokens.name())
        while True:
            if self.tokens.takes("."):
                path += "." + self._placeholder(self.tokens.name())
            elif self.tokens.takes("["):
                kind, number = self.tokens.next()
                if kind != "number" or not number.isdigit():
                    raise self.tokens.unexpected()
                self.tokens.need(number)
                self.tokens.need("]")
                path += f"[{number}]"
            else:
                return path

    def _placeholder(self, name: str) -> str:
        known = {of: place for place, of in self.names.items()}
        place = known.get(name, f"#n{len(self.names)}")
        self.names[place] = name
        return place
