"""Looks up a function by name; a name that is not declared is refused."""

from __future__ import annotations

from functools import cache

from localaws.athena.embedded.sql.functions import (
    aggregates,
    arrays,
    binaries,
    conditionals,
    datetime_patterns,
    datetimes,
    json,
    lambdas,
    maps,
    numbers,
    regexps,
    strings,
    urls,
    windows,
)
from localaws.athena.embedded.sql.functions.aggregation import Aggregation
from localaws.athena.embedded.sql.functions.signatures import Call, Function
from localaws.athena.embedded.sql.functions.unsupported import UNSUPPORTED
from localaws.athena.embedded.sql.typed import Typed
from localaws.athena.sql_errors import FunctionNotSupportedError, SqlError, TypeMismatchError, UnexpectedParametersError

TOPICS = {
    "Conditional": conditionals.FUNCTIONS,
    "Mathematical": numbers.FUNCTIONS,
    "String": strings.FUNCTIONS,
    "Regular expression": regexps.FUNCTIONS,
    "Binary": binaries.FUNCTIONS,
    "Date and time": [*datetimes.FUNCTIONS, *datetime_patterns.FUNCTIONS],
    "Array": arrays.FUNCTIONS,
    "Map": maps.FUNCTIONS,
    "Lambda": lambdas.FUNCTIONS,
    "JSON": json.FUNCTIONS,
    "URL": urls.FUNCTIONS,
}


@cache
def scalars() -> dict[str, list[Function]]:
    """Every scalar function, with its overloads in the order in which they are tried."""
    overloads: dict[str, list[Function]] = {}
    for functions in TOPICS.values():
        for function in functions:
            overloads.setdefault(function.name, []).append(function)
    return overloads


def call(node: Call) -> Typed:
    """Compile a scalar call.

    Raises:
        FunctionNotSupportedError: a function of Trino's that is not on the list.
        SqlError: FUNCTION_NOT_FOUND for a name that Trino does not know.
        TypeMismatchError: no overload accepts the arguments.
    """
    overloads = scalars().get(node.name)
    if overloads is None:
        raise unknown(node.name)
    mismatch: SqlError = UnexpectedParametersError(f"Unexpected parameters for function {node.name}")
    for function in overloads:
        try:
            return function.build(node)
        except TypeMismatchError as error:
            mismatch = error
    raise mismatch


def unknown(name: str) -> SqlError:
    """Return the error for a name that is not on the list."""
    if name in UNSUPPORTED:
        return FunctionNotSupportedError(name)
    return SqlError(f"Function '{name}' not registered", "FUNCTION_NOT_FOUND")


def aggregate(node: Aggregation) -> Typed:
    """Compile an aggregate call.

    Raises:
        SqlError: see `unknown`.
    """
    if node.name not in aggregates.AGGREGATES:
        raise unknown(node.name)
    return aggregates.AGGREGATES[node.name].build(node)


def window(name: str, values: list[Typed], ignore_nulls: str, over: str) -> Typed:
    """Compile the call of a window function."""
    return windows.window(name, values, ignore_nulls, over)


def aggregate_names() -> frozenset[str]:
    """Names of aggregate functions."""
    return frozenset(aggregates.AGGREGATES)


def window_names() -> frozenset[str]:
    """Names of window functions."""
    return frozenset(windows.WINDOWS)
