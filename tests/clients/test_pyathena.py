"""PyAthena: every cursor, the asynchronous connection and the SQLAlchemy dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.clients
EXPECTED: dict[str, Any] = {
    "values": [
        ["bool", "True"],
        ["int", "1"],
        ["int", "2"],
        ["int", "3"],
        ["int", "4"],
        ["float", "0.5"],
        ["float", "1.25"],
        ["Decimal", "12.50"],
        ["str", "é"],
        ["bytes", "b'\\x00\\xff'"],
        ["date", "2024-02-29"],
        ["datetime", "2024-02-29 23:59:59.123000"],
        ["time", "01:02:03.456000"],
        ["list", "[1, 2]"],
        ["dict", "{'k': '1.5'}"],
        ["dict", "{'n': '1', 's': 'x'}"],
        ["dict", "{'a': [1]}"],
        ["NoneType", "None"],
    ],
    "quoted": [],
    "marks": [["Marisol"]],
    "many": [[1, "Marisol"], [2, None], [3, "a'b"], [4, None]],
    "dict": [{"id": 1, "name": "Marisol"}],
    "async": [True, [[4]]],
    "cached": True,
    "tables": ["boats"],
    "s3fs": [[1, "Marisol"], [2, None]],
    "error": "COLUMN_NOT_FOUND",
    "pandas, file": [["1", "Marisol", "1999-12-31 00:00:00", "1.00"], ["2", "nan", "NaT", "2.00"]],
    "arrow, file": ["[DataType(int32), DataType(string), DataType(date32[day]), DataType(string)]", ["Marisol", ""]],
    "polars, file": ["[Int32, String, Date, Decimal(precision=5, scale=2)]", ["Marisol", None]],
    "pandas, unload": [["1", "Marisol", "1999-12-31 00:00:00", "1.00"], ["2", "None", "NaT", "2.00"]],
    "arrow, unload": [
        "[DataType(int32), DataType(string), DataType(date32[day]), Decimal128Type(decimal128(5, 2))]",
        ["Marisol", None],
    ],
    "polars, unload": ["[Int32, String, Date, Decimal(precision=5, scale=2)]", ["Marisol", None]],
    "sqlalchemy rows": [["1", "Zé", "10.50", "2024-05-06 07:08:09"]],
    "sqlalchemy join": [["Zé", "1999-12-31"]],
    "sqlalchemy columns": [
        ["id", "INTEGER", "number"],
        ["name", "VARCHAR", None],
        ["paid", "DECIMAL(10, 2)", None],
        ["since", "TIMESTAMP", None],
        ["tags", "AthenaArray(item_type=String())", None],
        ["home", "AthenaStruct('town', 'number')", None],
    ],
    "sqlalchemy has": [True, False, ["boats", "crew"]],
    "sqlalchemy dropped": ["boats"],
    "aio": [[1], [2]],
}


def test_every_cursor_reads_what_athena_answers(client_of: Callable[..., Any]) -> None:
    client = client_of("pyathena")
    assert client.answers("pyathena_reads.py") == EXPECTED
