"""Runs requests to DynamoDB one after another, and stores what each changed before it is answered.

A condition and the write that depends on it must not be parted by another request. An item that changed is stored by
itself: the cost of a write does not grow with its table.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from localaws.dynamodb import streams
from localaws.dynamodb.backend import install, live_tables, put_stored
from localaws.dynamodb.changes import ChangeLog, key_of, records_of, rows_of, text_of
from localaws.dynamodb.storage import ItemRow, Storage

SERVICE = "dynamodb"
_OF_ITEMS = re.compile(
    r"(Put|Update|Delete)Item|BatchWriteItem|TransactWriteItems|ExecuteStatement|BatchExecuteStatement|ExecuteTransaction"
)


class DynamoDbKeeper:
    """``save_tables`` runs a block and stores the definitions of tables after it."""

    def __init__(
        self, storage: Storage, log: ChangeLog, save_tables: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self.storage = storage
        self._log = log
        self._save_tables = save_tables
        self._lock = threading.RLock()
        self._known: set[str] = set()
        self.changed = threading.Condition()

    def fill(self) -> None:
        """Give the tables their stored items."""
        for table in live_tables():
            self._known.add(table.table_arn)
            table.items.clear()
            for attributes in self.storage.items(table.table_arn):
                put_stored(table, attributes)

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """Run a block that reads."""
        with self._lock:
            yield

    @contextmanager
    def changing(self, operation: str) -> Iterator[None]:
        """Run a block that changes items or tables, then store the result."""
        with self._lock:
            if _OF_ITEMS.fullmatch(operation):
                yield
            else:
                with self._save_tables():
                    yield
                self._follow_tables()
            self._commit()

    def _commit(self) -> None:
        changes = self._log.take()
        if not changes:
            return
        try:
            self.storage.store(rows_of(changes), records_of(changes))
        except BaseException:
            self.fill()
            raise
        with self.changed:
            self.changed.notify_all()

    def _follow_tables(self) -> None:
        """Store the items of tables that came with some (a restored backup), and forget those of deleted tables."""
        tables = {table.table_arn: table for table in live_tables()}
        for arn in tables.keys() - self._known:
            rows = []
            for item in tables[arn].all_items():
                text = text_of(item)
                rows.append(ItemRow(arn, key_of(tables[arn], item.to_json()["Attributes"]), text))
            self.storage.forget(arn)
            self.storage.store(rows, [])
        for arn in self._known - tables.keys():
            self.storage.forget(arn)
        self._known = set(tables)


def open_dynamodb(folder: Path, save_tables: Callable[[], AbstractContextManager[None]]) -> DynamoDbKeeper:
    """DynamoDB over the file in ``folder``. Call this before moto's first request to it."""
    storage, log = Storage(folder / "dynamodb.db"), ChangeLog()
    install(log)
    streams.install(storage)
    return DynamoDbKeeper(storage, log, save_tables)
