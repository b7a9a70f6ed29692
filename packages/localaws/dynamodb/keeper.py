"""Runs requests to DynamoDB one after another, and stores the changes of each before it is answered.

No other request may run between a condition and the write that depends on it. Each changed item is stored separately,
so the cost of a write does not grow with the table.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from localaws.dynamodb import expressions, streams
from localaws.dynamodb.backend import install, live_tables, put_stored
from localaws.dynamodb.changes import ChangeLog, key_of, records_of, rows_of, text_of
from localaws.dynamodb.storage import ItemRow, Storage

SERVICE = "dynamodb"
_OF_ITEMS = re.compile(
    r"(Put|Update|Delete)Item|BatchWriteItem|TransactWriteItems|ExecuteStatement|BatchExecuteStatement|ExecuteTransaction"
)


class DynamoDbKeeper:
    """Stores DynamoDB; ``save_tables`` runs a block and then stores the definitions of tables."""

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
        """Load the stored items into the tables."""
        for table in live_tables():
            self._known.add(table.table_arn)
            table.items.clear()
            for attributes in self.storage.items(table.table_arn):
                put_stored(table, attributes)

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """Run a block that only reads."""
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
        """Store the items of tables that were created with items (from a backup); delete those of deleted tables."""
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
    """Open DynamoDB with its file in ``folder``. Call this before moto's first request to it."""
    storage, log = Storage(folder / "dynamodb.db"), ChangeLog()
    install(log)
    expressions.install()
    streams.install(storage)
    return DynamoDbKeeper(storage, log, save_tables)
