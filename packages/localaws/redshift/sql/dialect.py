"""Redshift's grammar without interpretation of functions: later steps decide which functions are supported."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token

from localaws.redshift.errors import SqlError

_SYNTAX = ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST")


class Source(Redshift):
    """SQL as clients write it."""

    class Tokenizer(Redshift.Tokenizer):
        """Splits every statement into tokens, even one that is not parsed into a tree."""

        COMMANDS: ClassVar[set[object]] = set()

    class Parser(Redshift.Parser):
        """Parses every call as a call, whatever the function's name."""

        FUNCTIONS: ClassVar[dict[str, object]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, object]] = {
            name: parser for name, parser in Redshift.Parser.FUNCTION_PARSERS.items() if name in _SYNTAX
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, object]] = {
            "CASE": Redshift.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[object, object]] = {}


class Target(Postgres):
    """SQL as PostgreSQL runs it."""


def parsed(sql: str) -> exp.Expression:
    """Parse exactly one statement; raise SqlError."""
    try:
        statements = [statement for statement in Source().parse(sql) if statement is not None]
    except ParseError as error:
        raise _syntax_error(sql, error) from None
    except TokenError:
        raise SqlError("syntax error: a quote or a comment is not closed") from None
    if len(statements) != 1:
        raise SqlError("syntax error: one statement was expected")
    return statements[0]


def tokens_of(sql: str) -> list[Token]:
    """Split a text into tokens; raise SqlError if a quote or a comment is not closed."""
    try:
        return list(Source().tokenize(sql))
    except TokenError:
        raise SqlError("syntax error: a quote or a comment is not closed") from None


def rendered(tree: exp.Expression) -> str:
    """The tree as text for PostgreSQL."""
    return tree.sql(dialect=Target, comments=False)


def _syntax_error(sql: str, error: ParseError) -> SqlError:
    details = error.errors[0] if error.errors else {}
    word = str(details.get("highlight") or "")
    line, column = int(details.get("line") or 1), int(details.get("col") or 1)
    start = sum(len(text) + 1 for text in sql.split("\n")[: line - 1]) + column - len(word)
    if not word:
        return SqlError("syntax error at end of input")
    return SqlError(f'syntax error at or near "{word}"\n  Position: {max(1, start + 1)}')
