"""Executes PartiQL's INSERT, UPDATE and DELETE, alone and in batches.

moto would read every item of every table for each of them, change whatever matches, and never refuse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, MockValidationException
from moto.dynamodb.models import DynamoDBBackend

from localaws.dynamodb.partiql import is_change, statement_of
from localaws.dynamodb.partiql_values import Value

AT_ONCE = 25
DUPLICATE = "Duplicate primary key exists in table"
_CODES = {"ValidationException": "ValidationError"}
"""Codes of a statement's error in a batch that are not the exception's name without its ending."""


def change(backend: DynamoDBBackend, text: str, parameters: Sequence[Value]) -> list[dict[str, Value]]:
    """Run INSERT, UPDATE or DELETE; return the item if the statement has RETURNING.

    Raises moto's errors, such as ConditionalCheckFailed if no item meets the condition of an UPDATE, and
    NotImplementedError for a statement that is not translated.
    """
    statement = statement_of(text)
    attributes = key_attributes(backend, statement.table)
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


def key_attributes(backend: DynamoDBBackend, table: str) -> list[str]:
    """Return the names of a table's key attributes, the hash key's first."""
    described = backend.get_table(table)
    return [name for name in (described.hash_key_attr, described.range_key_attr) if name]


def check_key(item: dict[str, Value], attributes: Sequence[str]) -> None:
    """Raise MockValidationException if the item lacks one of its key's attributes."""
    missing = [name for name in attributes if name not in item]
    if missing:
        problem = f"Missing the key {missing[0]} in the item"
        raise MockValidationException(f"One or more parameter values were invalid: {problem}")


def _insert(backend: DynamoDBBackend, table: str, item: dict[str, Value], key: Sequence[str]) -> None:
    """Add an item. Raises DuplicateItemException if there is one with its key."""
    check_key(item, key)
    if backend.get_item(table, {name: item[name] for name in key}):
        raise JsonRESTError(f"{ERROR_TYPE_PREFIX}DuplicateItemException", DUPLICATE)
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
    refuse_mixed("Batch", entries)
    return [_response(backend, entry) for entry in entries]


def refuse_mixed(what: str, entries: Sequence[dict[str, Any]]) -> None:
    """Raise MockValidationException for reading statements among writing ones; ``what`` is Batch or Transaction."""
    if len({entry["Statement"].lstrip()[:6].upper() == "SELECT" for entry in entries}) > 1:
        raise MockValidationException(f"{what} must consist of either read statements or write statements")


def _response(backend: DynamoDBBackend, entry: dict[str, Any]) -> dict[str, Any]:
    try:
        items = backend.execute_statement(entry["Statement"], entry.get("Parameters", []))
    except (JsonRESTError, ServiceException) as error:
        code = error.relative_error_type if isinstance(error, JsonRESTError) else error.code
        return {"Error": {"Code": _CODES.get(code, code.removesuffix("Exception")), "Message": str(error.message)}}
    return {"Item": items[0]} if items else {}
