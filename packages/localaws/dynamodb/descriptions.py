"""Corrections of moto's table descriptions where DynamoDB's differ."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_ON_DEMAND = "PAY_PER_REQUEST"


def install() -> None:
    """Make moto correct its descriptions. Call this before its first request to DynamoDB."""
    Table.describe = _wrap_describe(Table.describe)
    DynamoHandler.create_table = _wrap_table_call(DynamoHandler.create_table, "CREATING", without=("WarmThroughput",))
    DynamoHandler.update_table = _wrap_table_call(DynamoHandler.update_table, "UPDATING", since=True)


def _wrap_describe(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def describe(table: Any, base_key: str = "TableDescription") -> dict[str, Any]:
        shown = dict(original(table, base_key)[base_key])
        for name in _INDEXES:
            if not shown[name]:
                del shown[name]
        # The ID survives a restart, and differs for a new table with the same name.
        shown["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{table.table_arn} {table.created_at}"))
        return {base_key: shown}

    return describe


def _wrap_table_call(
    original: Callable[..., DynamoResult], status: str, without: tuple[str, ...] = (), *, since: bool = False
) -> Callable[..., DynamoResult]:
    """Return an operation that answers with a transitional status; the table is ACTIVE by the next request.

    With ``since`` the answer contains the time of the change to on-demand billing.
    """

    def answer(handler: Any) -> DynamoResult:
        output: Any = original(handler).result
        table = {name: value for name, value in output["TableDescription"].items() if name not in without}
        if since and table["BillingModeSummary"]["BillingMode"] == _ON_DEMAND:
            moment = {"LastUpdateToPayPerRequestDateTime": table["CreationDateTime"]}
            table["BillingModeSummary"] = {**table["BillingModeSummary"], **moment}
        return DynamoResult({"TableDescription": {**table, "TableStatus": status}})

    return answer
