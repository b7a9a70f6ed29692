"""Runs statements inside the open transaction of a connection, and explains errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from localaws.redshift import results
from localaws.redshift.copy.command import CopyFailedError, run_copy
from localaws.redshift.copy.records import LoadRecords
from localaws.redshift.database import Databases, Target
from localaws.redshift.errors import SqlError, StatementCancelledError
from localaws.redshift.postgres_errors import explained
from localaws.redshift.sql import statements
from localaws.redshift.sql.statements import Statement
from localaws.redshift.unload import run_unload
from localaws.s3.store import ObjectStore


@dataclass
class Answer:
    """The result of a statement: ``rows`` is the number of rows returned or changed, -1 if there is none."""

    query_id: int
    rows: int = -1
    size: int = 0
    columns: list[dict[str, Any]] = field(default_factory=list)


class StatementRunner:
    """One connection to a warehouse's database; ``refuse`` and ``interrupt`` may be called from another thread."""

    def __init__(self, databases: Databases, store: ObjectStore, target: Target) -> None:
        self.target = target
        self.connection = databases.connect(target)
        results.prepare(self.connection)
        self._databases, self._store = databases, store
        self._cancelled = threading.Event()

    def refuse(self) -> None:
        """Let no further step of the statement begin."""
        self._cancelled.set()

    def interrupt(self) -> None:
        """Cancel the running step, if any; raises psycopg.Error if PostgreSQL does not answer."""
        self.connection.cancel_safe(timeout=10)

    def forget_cancel(self) -> None:
        """Let the next statement run, although an earlier one was cancelled."""
        self._cancelled.clear()

    def answered(self, statement: Statement, path: Path) -> Answer:
        """Run a statement inside the open transaction; rows of a query are written to ``path``."""
        self._check()
        if statement.kind == statements.LOCK:
            # LOCK runs before any query, because a query would fix the snapshot that later statements see.
            self.execute(statement)
            return Answer(self.next_query_id())
        answer = Answer(self.next_query_id())
        if statement.kind == statements.COPY:
            records = LoadRecords(lambda: self._databases.log_connection(self.target))
            answer.rows = run_copy(statement.sql, answer.query_id, self.connection, self._store, records, self._check)
        elif statement.kind == statements.UNLOAD:
            answer.rows = run_unload(statement.sql, self.connection, self._store)
        elif statement.kind == statements.QUERY:
            answer.columns, answer.rows, answer.size = results.store_rows(self.connection, statement.runs[-1], path)
        else:
            answer.rows = self.execute(statement)
        if statement.kind == statements.TRUNCATE:
            self.connection.execute("COMMIT")
        self.connection.execute("SELECT set_config('rs.last_query', %s, false)", (str(answer.query_id),))
        return answer

    def execute(self, statement: Statement) -> int:
        """Run PostgreSQL's statements; return the number of changed rows, or -1 if the statement changes none."""
        changed = -1
        for run in statement.runs:
            changed = self.connection.execute(run.encode()).rowcount
        return changed if statement.kind == statements.CHANGE else -1

    def next_query_id(self) -> int:
        """Return a new query ID; raises SqlError if an earlier statement failed in this transaction."""
        if self.connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR:
            raise SqlError("current transaction is aborted, commands ignored until end of transaction block")
        row = self.connection.execute("SELECT nextval('rs.query_id')").fetchone()
        return int(str(row[0])) if row else 0

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Convert errors in the block to those that the statement's owner sees: SqlError, StatementCancelledError."""
        try:
            yield
        except CopyFailedError as error:
            raise self._shown(error.cause) from error
        except psycopg.Error as error:
            raise self._shown(error) from error
        except SqlError:
            if self._cancelled.is_set():
                raise StatementCancelledError from None
            raise

    def _shown(self, error: Exception) -> Exception:
        if self._cancelled.is_set():
            return StatementCancelledError()
        return explained(error) if isinstance(error, psycopg.Error) else error

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise StatementCancelledError
