"""Reads a statement word by word, where its grammar is a list of options."""

from __future__ import annotations

import re

from sqlglot.tokens import Token, TokenType

from localaws.redshift.errors import SqlError
from localaws.redshift.sql.dialect import tokens_of

_OCTAL = re.compile(r"\\(\d{3})")
_ESCAPED = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


class Words:
    """The words of a statement and a place among them; errors name the word at that place, as PostgreSQL does."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens: list[Token] = tokens_of(sql)
        if self._tokens and self._tokens[-1].token_type is TokenType.SEMICOLON:
            self._tokens.pop()
        self._place = 0

    @property
    def ended(self) -> bool:
        return self._place >= len(self._tokens)

    @property
    def start(self) -> int:
        """Offset of the next word in the statement."""
        return len(self.sql) if self.ended else self._tokens[self._place].start

    def peek(self, ahead: int = 0) -> str:
        """The word at the place, in upper case; empty at the end and for a quoted text."""
        place = self._place + ahead
        if place >= len(self._tokens) or self._tokens[place].token_type is TokenType.STRING:
            return ""
        return str(self._tokens[place].text).upper()

    def skip(self, *words: str) -> bool:
        """Go past ``words`` if they come next, in this order."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._place += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.skip(word):
                raise self.error()

    def has_backslash(self) -> bool:
        """Whether a quoted text anywhere in the statement has a backslash."""
        strings = (token for token in self._tokens if token.token_type is TokenType.STRING)
        return any("\\" in self.sql[token.start : token.end] for token in strings)

    def is_string(self) -> bool:
        return not self.ended and self._tokens[self._place].token_type is TokenType.STRING

    def string(self) -> str:
        """The next word, which must be a quoted text, without what backslashes mean."""
        if not self.is_string():
            raise self.error()
        token = self._next()
        return self.sql[token.start + 1 : token.end].replace("''", "'")

    def number(self) -> int:
        if not self.peek().isdigit():
            raise self.error()
        return int(self._next().text)

    def name(self) -> str:
        """The next word as an identifier, in lower case."""
        if self.ended or self.is_string() or not re.match(r"[#\w]", self._tokens[self._place].text):
            raise self.error()
        return str(self._next().text).lower()

    def qualified_name(self) -> tuple[str, str]:
        """Schema (empty where none is written) and name."""
        first = self.name()
        return (first, self.name()) if self.skip(".") else ("", first)

    def parenthesised(self) -> str:
        """The text between the parenthesis that comes next and its partner."""
        self.expect("(")
        depth, start = 1, self.start
        while depth:
            if self.ended:
                raise self.error()
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            last = self._next()
        return self.sql[start : last.start]

    def names_in_parentheses(self) -> list[str]:
        self.expect("(")
        names = [self.name()]
        while self.skip(","):
            names.append(self.name())
        self.expect(")")
        return names

    def advance(self) -> None:
        """Go past the next word, whatever it is."""
        self._next()

    def error(self) -> SqlError:
        if self.ended:
            return SqlError("syntax error at end of input")
        token = self._tokens[self._place]
        return SqlError(f'syntax error at or near "{token.text}"\n  Position: {token.start + 1}')

    def _next(self) -> Token:
        self._place += 1
        return self._tokens[self._place - 1]


def unescaped(text: str) -> str:
    """A delimiter as COPY and UNLOAD take it: ``\\t``, ``\\n``, and octal as ``\\ddd``."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), _ESCAPED.get(text, text))


def quoted(name: str) -> str:
    """A PostgreSQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A PostgreSQL text constant."""
    return "'" + text.replace("'", "''") + "'"


def table_name(schema: str, name: str) -> str:
    """A quoted table, with its schema where there is one."""
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)
