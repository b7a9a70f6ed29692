"""The step that deletes the rows of a table whose keys no longer exist in its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Composed, Identifier
from sqlalchemy import ColumnClause, column, select, table

from estrela.errors import LoadError
from estrela.etl.base import ETLBase, Figures
from estrela.etl.extractors.database_extractor import ROWS, text_of
from estrela.etl.feed_rows.judge import Judge
from estrela.hooks.database import DatabaseManager
from estrela.model.feed import Feed
from estrela.model.feed_origin import DatabaseTable

LOCKED = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))"
"""The lock that claims take too: no file of the feed is claimed while the keys are compared."""
READY = """
SELECT to_regclass(%(target)s) IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM ledger.files WHERE feed = %(feed)s AND state IN ('New', 'In Progress'))
  AND NOT EXISTS (
    SELECT 1 FROM ledger.reconciliations WHERE feed = %(feed)s AND at > clock_timestamp() - %(every)s::interval
  )
"""
NOTED = "INSERT INTO ledger.reconciliations (feed, run, source_keys, rows_deleted) VALUES (%s, %s, %s, %s)"
KEYS = Identifier("estrela_keys")


@dataclass(frozen=True)
class ReconcileFeed(ETLBase):
    """Compares the keys of the target of ``feed`` with the keys in ``source``, once per ``origin.reconcile``."""

    feed: Feed
    origin: DatabaseTable
    source: DatabaseManager
    database: DatabaseManager
    judge: Judge
    run_key: str

    def run(self) -> Figures:
        """Delete in one transaction. Do nothing if no comparison is due or if files of the feed wait to be loaded.

        Raises LoadError, in particular if the source has no rows while the table has some.
        """
        with self.database.transaction(self.feed.target) as cursor:
            cursor.execute(LOCKED, (self.feed.name,))
            # The keys are read after taking the lock, so they are newer than every row in the table.
            given = {"target": self.feed.target, "feed": self.feed.name, "every": self.origin.reconcile}
            ready = cursor.execute(READY, given).fetchone()
            if not ready or not ready[0]:
                return {"feed": self.feed.name, "compared": False}
            keys = self._copy_keys(cursor)
            deleted = cursor.execute(self._delete()).rowcount
            if deleted and not keys:
                problem = f"{self.origin.table} has no rows, so none of the {deleted} rows of the target were deleted"
                hint = "if the source is meant to be empty, empty the target yourself"
                raise LoadError(self.feed.target, f"{problem}; {hint}", retriable=False)
            cursor.execute(NOTED, (self.feed.name, self.run_key, keys, deleted))
        return {"feed": self.feed.name, "compared": True, "source_keys": keys, "deleted": deleted}

    def _copy_keys(self, cursor: Cursor[Any]) -> int:
        columns = self._columns()
        target = Identifier(*self.feed.target.split("."))
        cursor.execute(
            SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(KEYS, columns, target)
        )
        count = 0
        with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(KEYS, columns)) as copy:
            for values in self._keys():
                copy.write_row(values)
                count += 1
        return count

    def _keys(self) -> Iterator[Sequence[str | None]]:
        """Yield the keys of the source, parsed by the feed's parsers."""
        fields = {field.column: field.header for field in self.feed.fields}
        headers = [fields[name] for name in self.feed.key]
        columns: list[ColumnClause[Any]] = [column(header) for header in headers]
        reads = {header: read for header, read, *_ in self.judge.readers}
        schema, _, name = self.origin.table.rpartition(".")
        query = select(*columns).select_from(table(name, schema=schema or None))
        with self.source.snapshot(self.origin.table) as connection:
            for rows in connection.execute(query).partitions(ROWS):
                for row in rows:
                    yield [reads[header](text_of(value)) for header, value in zip(headers, row, strict=True)]

    def _delete(self) -> Composed:
        target = Identifier(*self.feed.target.split("."))
        same = SQL(" AND ").join(SQL("k.{0} = t.{0}").format(Identifier(name)) for name in self.feed.key)
        return SQL("DELETE FROM {} t WHERE NOT EXISTS (SELECT 1 FROM {} k WHERE {})").format(target, KEYS, same)

    def _columns(self) -> Composable:
        return SQL(", ").join(map(Identifier, self.feed.key))
