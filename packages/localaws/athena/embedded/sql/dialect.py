"""Parses Athena's SQL without changing it: sqlglot's Trino grammar, without its interpretation of functions."""

from __future__ import annotations

import re
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokens import TokenType

from localaws.athena.embedded.sql.numerals import plain_numerals
from localaws.athena.sql_errors import NotSupportedError, SqlError

LITERAL = "literal"
_BEYOND_GRAMMAR = (
    (r"\bON\s+(EMPTY|ERROR)\b", "JSON function with ON EMPTY or ON ERROR"),
    (r"\b(NULL|ABSENT)\s+ON\s+NULL\b", "JSON function with ON NULL"),
    (r"\bMATCH_RECOGNIZE\b", "MATCH_RECOGNIZE"),
)
_SPECIAL_FORMS = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "LISTAGG", "NORMALIZE", "SUBSTRING")
_REFUSED_FORMS = ("JSON_QUERY", "JSON_VALUE", "JSON_OBJECT", "JSON_TABLE", "JSON_OBJECTAGG")
_TYPED_LITERALS = ("DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "DECIMAL", "JSON")


def _typed_literal(_parser: object, this: exp.Literal, to: exp.DataType) -> exp.Cast:
    cast = exp.Cast(this=this, to=to)
    cast.meta[LITERAL] = True
    return cast


class AthenaQuery(Trino):
    """Trino's grammar in which every function call stays an `exp.Anonymous` with its own name and argument order."""

    INDEX_OFFSET = 0  # keeps x[1] as it was written

    class Parser(TrinoParser):
        """Interprets only the calls whose arguments have their own grammar."""

        COLUMN_OPERATORS: ClassVar[dict[object, object]] = {TokenType.DOT: None}  # no x::type, no x -> '$.path'
        FUNCTIONS: ClassVar[dict[str, object]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, object]] = {
            name: TrinoParser.FUNCTION_PARSERS[name] for name in (*_SPECIAL_FORMS, *_REFUSED_FORMS)
        }
        TYPE_LITERAL_PARSERS: ClassVar[dict[object, object]] = {
            getattr(exp.DType, name): _typed_literal for name in _TYPED_LITERALS
        }


def parse(text: str) -> list[exp.Expression]:
    """Parse the statements of a text.

    Raises:
        NotSupportedError: a construct of Trino's that sqlglot cannot parse.
        SqlError: SYNTAX_ERROR with the position in the text.
    """
    try:
        return [
            statement for statement in sqlglot.parse(plain_numerals(text), read=AthenaQuery) if statement is not None
        ]
    except SqlglotError as error:
        for pattern, construct in _BEYOND_GRAMMAR:
            if re.search(pattern, text, re.IGNORECASE):
                raise NotSupportedError(construct) from None
        raise SqlError(_first_line(error)) from None


def _first_line(error: SqlglotError) -> str:
    details = getattr(error, "errors", None) or [{}]
    first = details[0]
    if "line" not in first:
        return str(error).splitlines()[0][:200]
    return f"line {first['line']}:{first['col']}: {str(first.get('description'))[:150]}"
