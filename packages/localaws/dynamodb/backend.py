"""moto's DynamoDB with a log of every change: its classes, and the two methods that change items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar

from moto.dynamodb import urls
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models import table as table_module
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table

from localaws.dynamodb import descriptions
from localaws.dynamodb.changes import Change, ChangeLog, key_of, text_of
from localaws.dynamodb.partiql import is_change
from localaws.dynamodb.statements import change, each, has_changes
from localaws.dynamodb.transactions import together


class LoggedShard(StreamShard):
    """The shard of a table's stream; its records are in the storage."""

    def add(self, old: Item | None, new: Item | None) -> None:
        """Add nothing: stream records are created from the change log."""


class LocalDynamoDbBackend(DynamoDBBackend):
    """moto's backend, which logs an update, and a transaction, as a whole."""

    log: ClassVar[ChangeLog]

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def update_item(self, table_name: str, key: dict[str, Any], *args: Any, **options: Any) -> Item:
        """UpdateItem: logged as one change, even if it creates the item. A failed update changes nothing."""
        table = self.get_table(table_name)
        before = text_of(_found(table, key))
        with _one_change(self.log, table, key, before):
            return super().update_item(table_name, key, *args, **options)

    def execute_statement(self, statement: str, parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """ExecuteStatement."""
        if is_change(statement):
            return change(self, statement, parameters)
        answers: list[dict[str, Any]] = super().execute_statement(statement, parameters)
        return answers

    def batch_execute_statement(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """BatchExecuteStatement."""
        if has_changes(statements):
            return each(self, statements)
        answers: list[dict[str, Any]] = super().batch_execute_statement(statements)
        return answers

    def execute_transaction(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """ExecuteTransaction."""
        return together(self, statements)

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """TransactWriteItems: all changes are logged, or none."""
        number = len(self.log)
        try:
            super().transact_write_items(transact_items)
        except BaseException:
            self.log.drop_after(number)
            raise


@contextmanager
def _one_change(log: ChangeLog, table: Any, key: dict[str, Any], before: str | None) -> Iterator[None]:
    """Run a block and log its effect on an item as one change."""
    log.depth += 1
    try:
        yield
    finally:
        log.depth -= 1
        if not log.depth:
            log.add(Change(table, key_of(table, key), before, text_of(_found(table, key))))


def _found(table: Any, attributes: dict[str, Any]) -> Item | None:
    hash_key, range_key = _keys(table, attributes)
    if hash_key is None or (table.range_key_attr and range_key is None):
        return None
    if table.range_key_attr:
        items = table.items
        return items[hash_key].get(range_key) if hash_key in items else None
    return table.items.get(hash_key)


def _keys(table: Any, attributes: dict[str, Any]) -> tuple[DynamoType | None, DynamoType | None]:
    values = [attributes.get(name) if name else None for name in (table.hash_key_attr, table.range_key_attr)]
    hash_key, range_key = (DynamoType(value) if isinstance(value, dict) else None for value in values)
    return hash_key, range_key


def put_stored(table: Any, attributes: dict[str, Any]) -> None:
    """Put a stored item into a table."""
    hash_key, range_key = _keys(table, attributes)
    item = Item(hash_key, range_key, attributes)
    if range_key is not None:
        table.items[hash_key][range_key] = item
    else:
        table.items[hash_key] = item


def live_tables() -> Iterator[Any]:
    """Return every table of every account and region."""
    for account in list(dynamodb_backends.values()):
        for backend in list(account.values()):
            yield from list(backend.tables.values())


def install(log: ChangeLog) -> None:
    """Make moto build these backends and call these hooks. Call this before its first request to DynamoDB."""
    LocalDynamoDbBackend.log = log
    dynamodb_backends.backend = LocalDynamoDbBackend
    table_module.StreamShard = LoggedShard
    descriptions.install()
    Table.put_item = _noting_put(log, Table.put_item)
    Table.delete_item = _noting_delete(log, Table.delete_item)


def _noting_put(log: ChangeLog, original: Callable[..., Any]) -> Callable[..., Any]:
    def put_item(table: Any, item_attrs: dict[str, Any], *args: Any, **options: Any) -> Any:
        if log.depth:
            return original(table, item_attrs, *args, **options)
        before = text_of(_found(table, item_attrs))
        with _one_change(log, table, item_attrs, before):
            return original(table, item_attrs, *args, **options)

    return put_item


def _noting_delete(log: ChangeLog, original: Callable[..., Any]) -> Callable[..., Any]:
    def delete_item(table: Any, hash_key: DynamoType, range_key: DynamoType | None) -> Any:
        keys = {table.hash_key_attr: hash_key.to_json()}
        if table.range_key_attr and range_key is not None:
            keys[table.range_key_attr] = range_key.to_json()
        before = text_of(_found(table, keys))
        with _one_change(log, table, keys, before):
            return original(table, hash_key, range_key)

    return delete_item
