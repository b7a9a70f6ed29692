"""Prepares a DuckDB connection to answer as Trino does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.resources import files
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from localaws.athena.embedded.sql.udfs import UDFS

_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET default_null_order = 'NULLS_LAST'",
    "SET scalar_subquery_error_on_multiple_rows = true",
    "SET preserve_insertion_order = true",
    # This optimizer aggregates before a join that it estimates to be small; if the estimate is wrong, the query does
    # not end.
    "SET disabled_optimizers = 'partial_aggregate_pushdown'",
)


def _null_on_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return NULL if any argument is NULL, as every Trino function does; the function may also return NULL itself."""

    @wraps(function)
    def call(*args: Any) -> Any:
        return None if any(arg is None for arg in args) else function(*args)

    return call


def register_functions(database: duckdb.DuckDBPyConnection) -> None:
    """Define the Python functions of the SQL for a whole database.

    DuckDB frees the functions when this connection is closed, although the database may still call them. So this
    connection must be closed after every cursor made from it.
    """
    for name, (function, parameters, returns) in UDFS.items():
        database.create_function(
            name, _null_on_null(function), list(parameters), returns, null_handling=FunctionNullHandling.SPECIAL
        )


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply the settings and macros that translated queries need; call it once for each connection or cursor."""
    for setting in _SETTINGS:
        connection.execute(setting)
    connection.execute(files("localaws.athena.embedded.sql").joinpath("macros.sql").read_text())
