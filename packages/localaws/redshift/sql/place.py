"""A position among the words of a statement."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from localaws.redshift.errors import SqlError
from localaws.redshift.sql.dialect import tokens_of


class Place:
    """Reads a statement word by word; errors name the next word, as in PostgreSQL."""

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
        """The word at the position, in upper case; empty at the end and for a quoted text."""
        place = self._place + ahead
        if place >= len(self._tokens) or self._tokens[place].token_type is TokenType.STRING:
            return ""
        return str(self._tokens[place].text).upper()

    def skip(self, *words: str) -> bool:
        """Skip ``words`` if they are next, in this order; return whether they were."""
        if any(self.peek(ahead) != word for ahead, word in enumerate(words)):
            return False
        self._place += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.skip(word):
                raise self.error()

    def advance(self) -> Token:
        """Skip the next word, whatever it is, and return it."""
        self._place += 1
        return self._tokens[self._place - 1]

    def error(self) -> SqlError:
        if self.ended:
            return SqlError("syntax error at end of input")
        token = self._tokens[self._place]
        return SqlError(f'syntax error at or near "{token.text}"\n  Position: {token.start + 1}')
