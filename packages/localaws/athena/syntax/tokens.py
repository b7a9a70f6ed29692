"""Splits a statement into words, names, texts and signs, with their positions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.errors import InvalidRequestError

TEXT, NAME, WORD, SIGN = "text", "name", "word", "sign"
_BODY = (
    r'|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)'
    r"|(?P<word>\d+\.\d+(?:[eE][+-]?\d+)?|[\w$]+)"
    r"|(?P<skip>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<sign>.)"
)
_HIVE = re.compile(r"(?P<text>'(?:[^'\\]|\\.|'')*')" + _BODY, re.DOTALL)
_TRINO = re.compile(r"(?P<text>'(?:[^']|'')*')" + _BODY, re.DOTALL)


@dataclass(frozen=True)
class Token:
    """One token: ``text`` is the statement from ``start`` to before ``end``; ``kind`` is text, name, word or sign."""

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str, *, hive: bool) -> tuple[Token, ...]:
    """Split a statement; texts have backslash escapes in Hive, not in Trino.

    Raises InvalidRequestError for a text without an end.
    """
    tokens = []
    for match in (_HIVE if hive else _TRINO).finditer(text):
        kind = str(match.lastgroup)
        if kind == SIGN and match[0] in "'\"`":
            raise InvalidRequestError(
                f"the quote {match[0]} at character {match.start() + 1} does not end", "MALFORMED_QUERY"
            )
        if kind != "skip":
            tokens.append(Token(kind, match[0], match.start(), match.end()))
    return tuple(tokens)
