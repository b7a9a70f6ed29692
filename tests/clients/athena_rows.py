"""Rows of an Athena query, read with boto3: a client that is not under test."""

from __future__ import annotations

import time
from typing import Any

from localaws.running import Running


class QueryFailedError(Exception):
    """A query ended without success; the message is its status."""


def query_rows(server: Running, sql: str, output: str) -> list[tuple[str | None, ...]]:
    """Run a query and return its rows without the header. Raises QueryFailedError."""
    athena = server.client("athena")
    started = athena.start_query_execution(QueryString=sql, ResultConfiguration={"OutputLocation": output})
    execution_id = started["QueryExecutionId"]
    while (status := _status(athena, execution_id))["State"] in ("QUEUED", "RUNNING"):
        time.sleep(0.02)
    if status["State"] != "SUCCEEDED":
        raise QueryFailedError(f"{sql}: {status}")
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution_id)
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    return [tuple(cell.get("VarCharValue") for cell in row) for row in rows[1:]]


def _status(athena: Any, execution_id: str) -> dict[str, Any]:
    return dict(athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"])
