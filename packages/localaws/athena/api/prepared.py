"""Prepared statements and parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.athena.errors import InvalidRequestError, QueryError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement, read_statement
from localaws.athena.syntax.tokens import tokenize

if TYPE_CHECKING:
    from localaws.athena.api.backend import LocalAthenaBackend

_SIGNS = ("+", "-")
_TEXT = re.compile(r"[^\W\d][^'\"()\[\];]*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {"true", "false", "null", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}


def resolve(statement: Statement, saved: LocalAthenaBackend, workgroup: str, parameters: Sequence[str]) -> Statement:
    """The statement to run: EXECUTE is replaced by its prepared statement, and each ``?`` by its parameter.

    Raises InvalidRequestError for an unknown prepared statement or a wrong number of parameters.
    """
    if statement.kind == "EXECUTE":
        cursor = Cursor(statement)
        cursor.expect("EXECUTE")
        name = cursor.name()
        known = saved.statement(workgroup, name)
        if known is None:
            raise InvalidRequestError(f"PreparedStatement {name} was not found in workGroup {workgroup}")
        parameters = _using(cursor) if cursor.accept("USING") else parameters
        statement = read_statement(known.query_statement)
    if statement.kind in ("PREPARE", "CREATE_VIEW"):
        return statement
    return _filled(statement, parameters)


def _using(cursor: Cursor) -> list[str]:
    values = [cursor.until()]
    while cursor.accept(","):
        values.append(cursor.until())
    return values


def _filled(statement: Statement, parameters: Sequence[str]) -> Statement:
    places = [token for token in statement.tokens if token.text == "?"]
    if len(places) != len(parameters):
        if not places:
            return statement
        raise InvalidRequestError(
            f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {len(places)} "
            f"but found {len(parameters)}"
        )
    text = statement.text
    for token, value in reversed(list(zip(places, parameters, strict=True))):
        text = f"{text[: token.start]}{_expression(value)}{text[token.end :]}"
    return read_statement(text) if places else statement


def _expression(value: str) -> str:
    """A parameter as one operand: unquoted text becomes a string, anything but a literal is put in parentheses."""
    if _is_bare(value):
        return "'" + value.replace("'", "''") + "'"
    tokens = tokenize(value, hive=False)
    words = [token.text for token in tokens]
    if any(token.text == ";" for token in tokens) or not tokens:
        raise InvalidRequestError(f"parameter {value[:100]!r} is not an expression")
    if len(words) == 1 or (len(words) == 2 and words[0] in _SIGNS):
        return f" {value} "
    return f"({value})"


def _is_bare(value: str) -> bool:
    """Return whether a parameter is unquoted text, such as `Washington` or `2024-01-01`, and not an expression."""
    if _DAY.match(value.strip()):
        return True
    return bool(_TEXT.fullmatch(value.strip())) and value.strip().lower() not in _WORDS


def prepare(saved: LocalAthenaBackend, workgroup: str, statement: Statement) -> Lines:
    """PREPARE name FROM statement."""
    cursor = Cursor(statement)
    cursor.expect("PREPARE")
    name = cursor.name()
    cursor.expect("FROM")
    saved.put_statement(workgroup, name, cursor.rest(), None)
    return Lines()


def deallocate(saved: LocalAthenaBackend, workgroup: str, statement: Statement) -> Lines:
    """DEALLOCATE PREPARE name."""
    cursor = Cursor(statement)
    cursor.expect("DEALLOCATE", "PREPARE")
    name = cursor.name()
    cursor.expect_end()
    if not saved.delete_statement(workgroup, name):
        raise QueryError("NOT_FOUND", f"Prepared statement not found: {name}")
    return Lines()
