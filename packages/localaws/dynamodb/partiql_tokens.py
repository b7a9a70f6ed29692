"""The tokens of a PartiQL statement, from left to right."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><>|<=|>=|!=|<<|>>|[=<>(),.\[\]{}:?*+-]))"""
)


class Tokens:
    """A statement's text, and how far it was read. Words are the same in any case.

    Methods raise NotImplementedError, with the text at this place, if the next token is not the expected one.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def name(self) -> str:
        """Skip a name, quoted or not, and return it."""
        kind, token = self.next()
        if kind not in ("name", "word"):
            raise self.unexpected()
        self.need(token)
        return token[1:-1].replace('""', '"') if kind == "name" else token

    def word(self) -> str:
        """Skip a word and return it in capitals."""
        kind, token = self.next()
        if kind != "word":
            raise self.unexpected()
        self.need(token)
        return token.upper()

    def takes(self, expected: str) -> bool:
        """Skip a token and return True if it is the expected one."""
        kind, token = self.next()
        is_it = token.upper() == expected if kind == "word" else kind == "sign" and token == expected
        if is_it:
            self.need(token)
        return is_it

    def need(self, expected: str) -> None:
        """Skip the expected token."""
        match = _TOKEN.match(self._text, self._at)
        if not match or match[0].strip().upper() != expected.upper():
            raise self.unexpected()
        self._at = match.end()

    def is_function(self) -> bool:
        """Return whether the next token is followed by a parenthesis."""
        match = _TOKEN.match(self._text, self._at)
        after = match and _TOKEN.match(self._text, match.end())
        return bool(after and after["sign"] == "(")

    def next(self) -> tuple[str, str]:
        """Return kind and text of the next token; both are empty at the end."""
        match = _TOKEN.match(self._text, self._at)
        if match:
            return str(match.lastgroup), str(match[match.lastgroup or 0])
        if self._text[self._at :].strip(" \t\r\n;"):
            raise self.unexpected()
        return "", ""

    def unexpected(self) -> NotImplementedError:
        """Return the error of a token that is not translated at this place."""
        rest = self._text[self._at :].strip()
        return NotImplementedError(f"PartiQL with {rest[:40] or 'the end of the statement'!r} at this place")
