"""Prepares a DuckDB connection to answer as Trino does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.resources import files
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from localaws.athena.sql.udfs import UDFS

_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET default_null_order = 'NULLS_LAST'",
    "SET scalar_subquery_error_on_multiple_rows = true",
    "SET preserve_insertion_order = true",
)


def _null_on_null(function: Callable[..., Any]) -> Callable[..., Any]:
    """A NULL argument answers NULL, as in every Trino function; the function itself may answer NULL too."""

    @wraps(function)
    def call(*args: Any) -> Any:
        return None if any(arg is None for arg in args) else function(*args)

    return call


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Settings, macros and functions that translated queries lean on; once for each connection or cursor.

    Python functions belong to the database, macros (TEMP) to the connection: call it again on each cursor.
    """
    for setting in _SETTINGS:
        connection.execute(setting)
    known = {row[0] for row in connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    for name, (function, parameters, returns) in UDFS.items():
        if name not in known:
            call = _null_on_null(function)
            connection.create_function(
                name, call, list(parameters), returns, null_handling=FunctionNullHandling.SPECIAL
            )
    connection.execute(files("localaws.athena.sql").joinpath("macros.sql").read_text())
