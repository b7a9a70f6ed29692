"""Executes PartiQL's INSERT, UPDATE and DELETE, alone and in batches.

moto would read every item of every table for each of them, change whatever matches, and never refuse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, MockValidationException
from moto.dynamodb.models import DynamoDBBackend

from localaws.dynamodb.partiql import Value, is_change, statement_of

AT_ONCE = 25
_CODES = {"ValidationException": "ValidationError"}
"""Codes of a statement's error in a batch that are not the exception's name without its ending."""


def change(backend: DynamoDBBackend, text: str, parameters: Sequence[Value]) -> list[dict[str, Value]]:
    """Run INSERT, UPDATE or DELETE; return the item if the statement has RETURNING.

    Raises moto's errors, such as ConditionalCheckFailed if no item meets the condition of an UPDATE, and
    NotImplementedError for a statement that is not translated.
    """
    statement = statement_of(text)
    table = backend.get_table(statement.table)
    attributes = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    names, values = dict(statement.names), statement.values_of(parameters)
    if statement.verb == "INSERT":
        _insert(backend, statement.table, values[statement.item]["M"], attributes)
        return []
    key = statement.key(attributes, parameters)
    item = backend.get_item(statement.table, key)
    old = item.to_json()["Attributes"] if item else None
    if statement.verb == "UPDATE":
        new = backend.update_item(
            statement.table, key, statement.update, names, values, condition_expression=statement.condition
        )
        return {"OLD": [old or {}], "NEW": [new.to_json()["Attributes"]]}.get(statement.returning, [])
    if old is None:  # there is nothing to delete, which is no error
        return []
    backend.delete_item(statement.table, key, names, values, statement.condition)
    return [old] if statement.returning else []


def _insert(backend: DynamoDBBackend, table: str, item: dict[str, Value], key: Sequence[str]) -> None:
    """Add an item. Raises DuplicateItemException if there is one with its key."""
    missing = [name for name in key if name not in item]
    if missing:
        problem = f"Missing the key {missing[0]} in the item"
        raise MockValidationException(f"One or more parameter values were invalid: {problem}")
    if backend.get_item(table, {name: item[name] for name in key}):
        raise JsonRESTError(f"{ERROR_TYPE_PREFIX}DuplicateItemException", "Duplicate primary key exists in table")
    backend.put_item(table, item)


def has_changes(entries: Sequence[dict[str, Any]]) -> bool:
    """Return whether a batch has statements that change items."""
    return any(is_change(entry["Statement"]) for entry in entries)


def each(backend: DynamoDBBackend, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the writing statements of a batch; one that fails does not stop the others. Return their responses.

    Raises MockValidationException for too many statements, or for reading ones among them.
    """
    if len(entries) > AT_ONCE:
        problem = f"Member must have length less than or equal to {AT_ONCE}"
        raise MockValidationException(
            f"1 validation error detected: Value at 'statements' failed to satisfy constraint: {problem}"
        )
    if any(entry["Statement"].split(maxsplit=1)[0].upper() == "SELECT" for entry in entries):
        raise MockValidationException("Batch must consist of either read statements or write statements")
    return [_response(backend, entry) for entry in entries]


def _response(backend: DynamoDBBackend, entry: dict[str, Any]) -> dict[str, Any]:
    try:
        items = backend.execute_statement(entry["Statement"], entry.get("Parameters", []))
    except (JsonRESTError, ServiceException) as error:
        code = error.relative_error_type if isinstance(error, JsonRESTError) else error.code
        return {"Error": {"Code": _CODES.get(code, code.removesuffix("Exception")), "Message": str(error.message)}}
    return {"Item": items[0]} if items else {}
