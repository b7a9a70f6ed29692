"""Reads a statement word by word, if its grammar is a list of options."""

from __future__ import annotations

import re

from sqlglot.tokens import TokenType

from localaws.redshift.sql.place import Place

_OCTAL = re.compile(r"\\(\d{3})")
_ESCAPED = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}


class Words(Place):
    """The words of a statement, read as texts, numbers and names."""

    def has_backslash(self) -> bool:
        """Return whether a quoted text anywhere in the statement contains a backslash."""
        strings = (token for token in self._tokens if token.token_type is TokenType.STRING)
        return any("\\" in self.sql[token.start : token.end] for token in strings)

    def is_string(self) -> bool:
        return not self.ended and self._tokens[self._place].token_type is TokenType.STRING

    def string(self) -> str:
        """Read a quoted text; backslashes are not interpreted."""
        if not self.is_string():
            raise self.error()
        token = self.advance()
        return self.sql[token.start + 1 : token.end].replace("''", "'")

    def number(self) -> int:
        if not self.peek().isdigit():
            raise self.error()
        return int(self.advance().text)

    def name(self) -> str:
        """Read an identifier, in lower case."""
        if self.ended or self.is_string() or not re.match(r"[#\w]", self._tokens[self._place].text):
            raise self.error()
        return str(self.advance().text).lower()

    def qualified_name(self) -> tuple[str, str]:
        """Read a name; return the schema (empty if not given) and the name."""
        first = self.name()
        return (first, self.name()) if self.skip(".") else ("", first)

    def parenthesised(self) -> str:
        """Read the text in the next pair of parentheses."""
        self.expect("(")
        depth, start = 1, self.start
        while depth:
            if self.ended:
                raise self.error()
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            last = self.advance()
        return self.sql[start : last.start]

    def names_in_parentheses(self) -> list[str]:
        self.expect("(")
        names = [self.name()]
        while self.skip(","):
            names.append(self.name())
        self.expect(")")
        return names


def unescaped(text: str) -> str:
    """A delimiter as COPY and UNLOAD take it: ``\\t``, ``\\n``, and octal as ``\\ddd``."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), _ESCAPED.get(text, text))


def quoted(name: str) -> str:
    """A PostgreSQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A PostgreSQL text constant."""
    return "'" + text.replace("'", "''") + "'"


def table_name(schema: str, name: str) -> str:
    """A quoted table name, with its schema if there is one."""
    return f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)
