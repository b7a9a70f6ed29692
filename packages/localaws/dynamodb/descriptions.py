"""Descriptions of tables as DynamoDB gives them, where moto's differ."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_ON_DEMAND = "PAY_PER_REQUEST"


def install() -> None:
    """Make moto describe tables so. Call this before its first request to DynamoDB."""
    Table.describe = _describing(Table.describe)
    DynamoHandler.create_table = _answering(DynamoHandler.create_table, "CREATING", without=("WarmThroughput",))
    DynamoHandler.update_table = _answering(DynamoHandler.update_table, "UPDATING", since=True)


def _describing(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def describe(table: Any, base_key: str = "TableDescription") -> dict[str, Any]:
        shown = dict(original(table, base_key)[base_key])
        for name in _INDEXES:
            if not shown[name]:
                del shown[name]
        # the same over a restart, another one for a new table of the same name
        shown["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{table.table_arn} {table.created_at}"))
        return {base_key: shown}

    return describe


def _answering(
    original: Callable[..., DynamoResult], status: str, without: tuple[str, ...] = (), *, since: bool = False
) -> Callable[..., DynamoResult]:
    """An operation that answers with what the table passes through; it is active by the next request.

    ``since``: the answer says since when the table is paid for by request.
    """

    def answer(handler: Any) -> DynamoResult:
        output: Any = original(handler).result
        table = {name: value for name, value in output["TableDescription"].items() if name not in without}
        if since and table["BillingModeSummary"]["BillingMode"] == _ON_DEMAND:
            moment = {"LastUpdateToPayPerRequestDateTime": table["CreationDateTime"]}
            table["BillingModeSummary"] = {**table["BillingModeSummary"], **moment}
        return DynamoResult({"TableDescription": {**table, "TableStatus": status}})

    return answer
