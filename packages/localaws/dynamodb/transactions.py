"""Executes the PartiQL statements of a transaction: all of them or none.

moto would keep the changes of the statements before one that fails. Here writing statements become the operations of
TransactWriteItems. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteTransaction.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend

from localaws.dynamodb.partiql import Statement, is_change, statement_of
from localaws.dynamodb.partiql_values import Parameters
from localaws.dynamodb.statements import DUPLICATE, check_key, key_attributes, refuse_mixed


def together(backend: DynamoDBBackend, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the statements of a transaction, which all read or all write; return their responses.

    Raises TransactionCanceledException, with a reason for each statement, if one of those that write fails,
    MockValidationException for reading and writing ones, and NotImplementedError for what is not translated.
    """
    refuse_mixed("Transaction", entries)
    if not any(is_change(entry["Statement"]) for entry in entries):
        read = [backend.execute_statement(entry["Statement"], entry.get("Parameters", [])) for entry in entries]
        return [{"Item": items[0]} if items else {} for items in read]
    statements = [statement_of(entry["Statement"]) for entry in entries]
    operations = [
        _operation(backend, statement, entry.get("Parameters", []), entry.get("ReturnValuesOnConditionCheckFailure"))
        for statement, entry in zip(statements, entries, strict=True)
    ]
    try:
        backend.transact_write_items(operations)
    except TransactionCanceledException as error:
        reasons = json.loads(error.description)["CancellationReasons"]
        pairs = zip(statements, reasons, strict=True)
        raise TransactionCanceledException([_reason(statement, reason) for statement, reason in pairs]) from error
    return [{} for _ in entries]


def _operation(
    backend: DynamoDBBackend, statement: Statement, parameters: Parameters, on_failure: str | None
) -> dict[str, Any]:
    """Return a statement as an operation of TransactWriteItems."""
    if statement.returning:
        raise NotImplementedError("PartiQL with RETURNING in a transaction")
    attributes = key_attributes(backend, statement.table)
    names, values = dict(statement.names), statement.values_of(parameters)
    common = {"TableName": statement.table, "ReturnValuesOnConditionCheckFailure": on_failure}
    if statement.verb == "INSERT":
        item = values[statement.item]["M"]
        check_key(item, attributes)
        new = {"ConditionExpression": "attribute_not_exists(#key)", "ExpressionAttributeNames": {"#key": attributes[0]}}
        return {"Put": {**common, **new, "Item": item}}
    key = statement.key(attributes, parameters)
    changed = {**common, "Key": key, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    if statement.verb == "UPDATE":
        update = {"UpdateExpression": statement.update, "ConditionExpression": statement.condition}
        return {"Update": {**changed, **update}}
    first = next(place for place, name in names.items() if name == attributes[0])
    # There may be nothing to delete, which is no error.
    return {"Delete": {**changed, "ConditionExpression": f"attribute_not_exists({first}) OR ({statement.condition})"}}


def _reason(statement: Statement, reason: dict[str, Any]) -> tuple[str | None, str | None, Any]:
    """Return the code, the message and the item of a statement's reason; the code is None if it did not fail."""
    if reason["Code"] == "None":
        return None, None, None
    if statement.verb == "INSERT" and reason["Code"] == "ConditionalCheckFailed":
        return "DuplicateItem", DUPLICATE, reason.get("Item")
    return reason["Code"], reason["Message"], reason.get("Item")
