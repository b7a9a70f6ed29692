"""Reads a statement token by token."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from localaws.athena.errors import QueryError
from localaws.athena.syntax.statements import Statement, position
from localaws.athena.syntax.tokens import NAME, TEXT, WORD, Token

Item = TypeVar("Item")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a", "%": r"\%", "_": r"\_"}
CATALOGS = ("awsdatacatalog", "hive")
"""Names of the Glue catalog."""
_OPENING, _CLOSING = "(<", ")>"


class Cursor:
    """A position in a statement's tokens. ``fail`` and every expectation raise QueryError with line and column."""

    def __init__(self, statement: Statement) -> None:
        self._text = statement.text
        self._tokens = statement.tokens
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def peek(self, *words: str) -> bool:
        ahead = [token.text.upper() for token in self._tokens[self._at : self._at + len(words)]]
        return ahead == [word.upper() for word in words]

    def accept(self, *words: str) -> bool:
        """Skip the words if they are next; return whether they were."""
        matches = self.peek(*words)
        self._at += len(words) if matches else 0
        return matches

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            raise self.fail(f"Expecting: '{' '.join(words)}'")

    def expect_one(self, *words: str) -> None:
        if not any(self.accept(word) for word in words):
            raise self.fail(f"Expecting: {', '.join(repr(word) for word in words)}")

    def expect_end(self) -> None:
        if not self.ended:
            raise self.fail("Expecting: <EOF>")

    def fail(self, expectation: str) -> QueryError:
        """Return the error of an unexpected input."""
        offset = len(self._text) if self.ended else self._current.start
        shown = "<EOF>" if self.ended else self._current.text
        line, column = position(self._text, offset)
        return QueryError("SYNTAX_ERROR", f"line {line}:{column}: mismatched input '{shown}'. {expectation}")

    def name(self) -> str:
        """Read an identifier, plain or quoted, in lower case."""
        token = self._next("identifier")
        if token.kind == NAME:
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote).lower()
        if token.kind != WORD:
            self._at -= 1
            raise self.fail("Expecting: identifier")
        return token.text.lower()

    def qualified_name(self) -> tuple[str | None, str]:
        """Read ``table`` or ``database.table`` or ``catalog.database.table``; return database and table."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def database_name(self) -> str:
        """Read ``database`` or ``catalog.database``; raise QueryError for a catalog other than Glue's."""
        catalog, name = self.qualified_name()
        if catalog not in (None, *CATALOGS):
            raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{catalog}' does not exist")
        return name

    def string(self) -> str:
        """Read a quoted text, with Hive's escapes resolved."""
        token = self._next("string")
        if token.kind != TEXT and not token.text.startswith('"'):
            self._at -= 1
            raise self.fail("Expecting: string")
        quote = token.text[0]
        return _ESCAPE.sub(_unescaped, token.text[1:-1].replace(quote * 2, quote))

    def value(self) -> str:
        """Read a string, a number or a word as text."""
        if not self.ended and self._current.kind in (TEXT, NAME):
            return self.string()
        sign = "-" if self.accept("-") else ""
        return sign + self._next("value").text

    def listed(self, item: Callable[[], Item]) -> list[Item]:
        """Read a list of items in parentheses, separated by commas."""
        self.expect("(")
        items = [item()]
        while self.accept(","):
            items.append(item())
        self.expect(")")
        return items

    def until(self, *stops: str) -> str:
        """Read the text up to a stop word, or to a comma or closing parenthesis on the same level."""
        start, depth = self._at, 0
        while not self.ended:
            text = self._current.text
            if depth == 0 and (text.upper() in stops or text in (",", ")")):
                break
            depth += sum(c in _OPENING for c in text) - sum(c in _CLOSING for c in text)
            self._at += 1
        if self._at == start:
            raise self.fail("Expecting: expression")
        return self._text[self._tokens[start].start : self._tokens[self._at - 1].end]

    def parenthesised(self) -> str:
        """Read the text inside the parentheses that open here."""
        self.expect("(")
        start = self._current.start if not self.ended else len(self._text)
        depth = 1
        while not self.ended:
            depth += (self._current.text == "(") - (self._current.text == ")")
            self._at += 1
            if depth == 0:
                return self._text[start : self._tokens[self._at - 1].start]
        raise self.fail("Expecting: ')'")

    def rest(self) -> str:
        """Read the remaining text."""
        if self.ended:
            raise self.fail("Expecting: query")
        start, self._at = self._current.start, len(self._tokens)
        return self._text[start:]

    @property
    def _current(self) -> Token:
        return self._tokens[self._at]

    def _next(self, expected: str) -> Token:
        if self.ended:
            raise self.fail(f"Expecting: {expected}")
        self._at += 1
        return self._tokens[self._at - 1]


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    if len(code) == 3:
        return chr(int(code, 8))
    return _ESCAPED.get(code, code)
