"""The kind of a statement, determined before it is fully parsed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from localaws.athena.errors import InvalidRequestError
from localaws.athena.syntax.tokens import Token, tokenize

DDL, DML, UTILITY = "DDL", "DML", "UTILITY"
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]+|\(")
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "(")
# leading words -> (substatement type, statement type); the longest match is used
_KINDS: dict[tuple[str, ...], tuple[str, str]] = {
    ("INSERT",): ("INSERT", DML),
    ("UNLOAD",): ("UNLOAD", DML),
    ("DELETE",): ("DELETE", DML),
    ("UPDATE",): ("UPDATE", DML),
    ("MERGE",): ("MERGE", DML),
    ("OPTIMIZE",): ("OPTIMIZE", DML),
    ("VACUUM",): ("VACUUM", DML),
    ("CREATE", "EXTERNAL", "TABLE"): ("CREATE_TABLE", DDL),
    ("CREATE", "TABLE"): ("CREATE_TABLE", DDL),
    ("CREATE", "VIEW"): ("CREATE_VIEW", DDL),
    ("CREATE", "OR", "REPLACE", "VIEW"): ("CREATE_VIEW", DDL),
    ("CREATE", "DATABASE"): ("CREATE_DATABASE", DDL),
    ("CREATE", "SCHEMA"): ("CREATE_DATABASE", DDL),
    ("DROP", "TABLE"): ("DROP_TABLE", DDL),
    ("DROP", "VIEW"): ("DROP_VIEW", DDL),
    ("DROP", "DATABASE"): ("DROP_DATABASE", DDL),
    ("DROP", "SCHEMA"): ("DROP_DATABASE", DDL),
    ("ALTER", "TABLE"): ("ALTER_TABLE", DDL),
    ("ALTER", "DATABASE"): ("ALTER_DATABASE", DDL),
    ("ALTER", "SCHEMA"): ("ALTER_DATABASE", DDL),
    ("MSCK",): ("MSCK_REPAIR", DDL),
    ("SHOW", "DATABASES"): ("SHOW_DATABASES", UTILITY),
    ("SHOW", "SCHEMAS"): ("SHOW_DATABASES", UTILITY),
    ("SHOW", "TABLES"): ("SHOW_TABLES", UTILITY),
    ("SHOW", "VIEWS"): ("SHOW_VIEWS", UTILITY),
    ("SHOW", "COLUMNS"): ("SHOW_COLUMNS", UTILITY),
    ("SHOW", "PARTITIONS"): ("SHOW_PARTITIONS", UTILITY),
    ("SHOW", "TBLPROPERTIES"): ("SHOW_TBLPROPERTIES", UTILITY),
    ("SHOW", "CREATE", "TABLE"): ("SHOW_CREATE_TABLE", UTILITY),
    ("SHOW", "CREATE", "VIEW"): ("SHOW_CREATE_VIEW", UTILITY),
    ("DESCRIBE",): ("DESCRIBE_TABLE", UTILITY),
    ("DESC",): ("DESCRIBE_TABLE", UTILITY),
    ("EXPLAIN",): ("EXPLAIN", UTILITY),
    ("PREPARE",): ("PREPARE", UTILITY),
    ("DEALLOCATE",): ("DEALLOCATE", UTILITY),
    ("EXECUTE",): ("EXECUTE", DML),
}
# Statements with Hive's grammar: back-quoted names and backslash escapes.
_HIVE = frozenset({"CREATE_TABLE", "CREATE_DATABASE", "ALTER_TABLE", "ALTER_DATABASE", "MSCK_REPAIR", "DESCRIBE_TABLE"})


@dataclass(frozen=True)
class Statement:
    """One statement: its text without the closing semicolon, and its tokens with their offsets in the text."""

    text: str
    kind: str
    type: str
    tokens: tuple[Token, ...]


def read_statement(text: str) -> Statement:
    """Read a text of exactly one statement; raise InvalidRequestError for none, several, or an unknown first word."""
    kind, statement_type = _kind(text)
    tokens = tokenize(text, hive=kind in _HIVE or kind.startswith(("SHOW", "DROP")))
    end = len(tokens)
    while end and tokens[end - 1].text == ";":
        end -= 1
    if any(token.text == ";" for token in tokens[:end]):
        raise InvalidRequestError(f"Only one sql statement is allowed. Got: {text}", "MALFORMED_QUERY")
    text = text[: tokens[end - 1].end]
    if kind == "CREATE_TABLE" and _has_query(tokens[:end]):
        kind, tokens = "CREATE_TABLE_AS_SELECT", tokenize(text, hive=False)
        end = len(tokens)
    return Statement(text, kind, statement_type, tuple(tokens[:end]))


def _kind(text: str) -> tuple[str, str]:
    words: list[str] = []
    at = _skip(text, 0)
    while len(words) < 4 and (match := _WORD.match(text, at)):
        words.append(match[0].upper())
        at = _skip(text, match.end())
    if words and words[0] in _QUERIES:
        return "SELECT", DML
    for length in range(len(words), 0, -1):
        if known := _KINDS.get(tuple(words[:length])):
            return known
    match = re.compile(r"\w+|\S").match(text, _skip(text, 0))
    if not match:
        raise InvalidRequestError("Query string cannot be empty", "MALFORMED_QUERY")
    if words and words[0] in {key[0] for key in _KINDS}:
        raise InvalidRequestError("Queries of this type are not supported", "MALFORMED_QUERY")
    line, column = position(text, match.start())
    expected = ", ".join(f"'{word}'" for word in sorted({key[0] for key in _KINDS} | set(_QUERIES)))
    raise InvalidRequestError(
        f"line {line}:{column}: mismatched input '{match[0]}'. Expecting: {expected}", "MALFORMED_QUERY"
    )


def _skip(text: str, at: int) -> int:
    match = _COMMENTS.match(text, at)
    return match.end() if match else at


def _has_query(tokens: Sequence[Token]) -> bool:
    depth = 0
    for token, following in pairwise(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text.upper() == "AS" and following.text.upper() in _QUERIES:
            return True
    return False


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
