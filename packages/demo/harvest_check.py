"""The expected messages of a delivery, computed from its files by DuckDB, without any code of DataHarvest."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

Values = dict[tuple[str, str], tuple[Any, ...]]
"""The values of each client and portfolio, by type and reference."""
_AMOUNT = "try_cast({} AS DECIMAL(38, 2))"
_CLIENTS = f"""
WITH account AS (SELECT account_number, any_value({_AMOUNT.format("taxes_paid")}) AS taxes_paid,
        any_value(currency) AS currency FROM accounts GROUP BY account_number),
    shared AS (SELECT accout_number, count(DISTINCT client_reference) > 1 AS is_shared FROM portfolios GROUP BY ALL),
    owned AS (SELECT DISTINCT p.client_reference, a.*, s.is_shared FROM portfolios p
        JOIN account a ON a.account_number = p.accout_number JOIN shared s ON s.accout_number = p.accout_number)
SELECT c.client_reference, {_AMOUNT.format("any_value(c.tax_free_allowance)")},
    CASE WHEN coalesce(bool_or(o.is_shared), false) OR count(DISTINCT o.currency) > 1 THEN NULL
        ELSE coalesce(sum(o.taxes_paid), 0) END
FROM clients c LEFT JOIN owned o USING (client_reference) GROUP BY ALL
"""  # noqa: S608 - constants
_PORTFOLIOS = f"""
WITH used AS (SELECT accout_number, count(*) AS times FROM portfolios GROUP BY ALL),
    moved AS (SELECT account_number, count(*) AS n,
        coalesce(sum({_AMOUNT.format("amount")}) FILTER (WHERE keyword = 'DEPOSIT'), 0) AS deposits
        FROM (SELECT * FROM transactions WHERE {_AMOUNT.format("amount")} IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY account_number, transaction_reference ORDER BY place) = 1)
        GROUP BY ALL)
SELECT p.portfolio_reference, CASE WHEN u.times = 1 THEN {_AMOUNT.format("a.cash_balance")} END,
    CASE WHEN u.times = 1 THEN coalesce(m.n, 0) END, CASE WHEN u.times = 1 THEN coalesce(m.deposits, 0) END
FROM portfolios p JOIN used u USING (accout_number)
LEFT JOIN accounts a ON a.account_number = p.accout_number LEFT JOIN moved m ON m.account_number = p.accout_number
"""  # noqa: S608 - constants


def recompute(files: Mapping[str, Path]) -> Values:
    """Return the expected values of the messages for the four files (by kind)."""
    connection = duckdb.connect()
    for kind, path in files.items():
        connection.execute(
            f"CREATE TABLE {kind} AS SELECT *, row_number() OVER () AS place FROM read_csv("  # noqa: S608 - constants
            "?, header = true, all_varchar = true, ignore_errors = true)",
            [str(path)],
        )
    messages: Values = {("client_message", row[0]): row[1:] for row in connection.execute(_CLIENTS).fetchall()}
    messages |= {("portfolio_message", row[0]): row[1:] for row in connection.execute(_PORTFOLIOS).fetchall()}
    return {name: tuple(map(_number, values)) for name, values in messages.items()}


def values_of(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values of a message as numbers, in the order of its fields."""
    return tuple(map(_number, list(body.values())[2:]))


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value)).normalize()
