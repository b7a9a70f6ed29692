"""Converts a failure of DuckDB to Athena's text: `DIVISION_BY_ZERO: ...`."""

from __future__ import annotations

import re

import duckdb

_OWN = re.compile(
    r"(NOT_SUPPORTED|INVALID_FUNCTION_ARGUMENT|INVALID_CAST_ARGUMENT|NUMERIC_VALUE_OUT_OF_RANGE): ([^\n]*)"
)
_KNOWN = (
    (r"Division by zero", "DIVISION_BY_ZERO"),
    (r"More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS"),
    (r"(date|time|timestamp) field value|^Conversion Error: (invalid|Could not convert)", "INVALID_CAST_ARGUMENT"),
    (r"must appear in the GROUP BY clause", "EXPRESSION_NOT_AGGREGATE"),
    (r"clause cannot contain aggregates", "EXPRESSION_NOT_SCALAR"),
    (r"aggregate function calls cannot be nested", "NESTED_AGGREGATION"),
    (r"Could not cast value .* to DECIMAL|Type (DOUBLE|FLOAT) with value .* type INT64", "INVALID_CAST_ARGUMENT"),
    (r"Overflow in|[Oo]ut of [Rr]ange|out of range|does not fit|can't be cast because", "NUMERIC_VALUE_OUT_OF_RANGE"),
    (r"Map keys", "INVALID_FUNCTION_ARGUMENT"),
    (r"^Conversion Error", "INVALID_CAST_ARGUMENT"),
    (r"^Binder Error", "SYNTAX_ERROR"),
    (r"^Invalid Input Error", "INVALID_FUNCTION_ARGUMENT"),
)
# Trino's text, where DuckDB's contains advice that applies only to DuckDB.
_TEXTS = {
    "DIVISION_BY_ZERO": "Division by zero",
    "SUBQUERY_MULTIPLE_ROWS": "Scalar sub-query has returned multiple rows",
}
_OVERFLOW = re.compile(r"Overflow in (\w+) of INT(8|16|32|64) \((.*)\)!")
_INTEGERS = {"8": "tinyint", "16": "smallint", "32": "integer", "64": "bigint"}
_PREFIX = re.compile(r"^[A-Z][A-Za-z ]* Error: ")
_CAST_OF_MESSAGE = "' to INT32"
_LIMIT = 300


def failure(error: duckdb.Error) -> str:
    """The StateChangeReason of a query that DuckDB stopped: a Trino error name and one bounded line."""
    text = str(error)
    if own := _OWN.search(text):
        return f"{own[1]}: {own[2].removesuffix(_CAST_OF_MESSAGE)}"[:_LIMIT]
    if over := _OVERFLOW.search(text):
        return f"NUMERIC_VALUE_OUT_OF_RANGE: {_INTEGERS[over[2]]} {over[1]} overflow: {over[3]}"
    line = text.splitlines()[0] if text else ""
    name = next((name for pattern, name in _KNOWN if re.search(pattern, text)), "GENERIC_INTERNAL_ERROR")
    return f"{name}: {_TEXTS.get(name) or _PREFIX.sub('', line)}"[:_LIMIT]
