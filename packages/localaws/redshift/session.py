"""One connection to a warehouse's database: its transaction, and the statements in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from localaws.redshift import results
from localaws.redshift.copy.command import CopyFailedError, remember, run_copy
from localaws.redshift.copy.records import LoadRecords
from localaws.redshift.database import Databases, Target
from localaws.redshift.errors import SqlError, StatementCancelledError, UnsupportedError
from localaws.redshift.postgres_errors import explained
from localaws.redshift.sql import statements
from localaws.redshift.sql.statements import Statement, read_statement
from localaws.redshift.unload import run_unload
from localaws.s3.store import ObjectStore

_DEEPEST = 10
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"


@dataclass
class Answer:
    """What a statement left: the number of rows in its result set, or that it changed (-1 where there is none)."""

    query_id: int
    rows: int = -1
    size: int = 0
    columns: list[dict[str, Any]] = field(default_factory=list)


class Session:
    """Runs statements one after the other; ``cancel`` may come from another thread."""

    def __init__(self, databases: Databases, store: ObjectStore, target: Target) -> None:
        self.target = target
        self._databases, self._store = databases, store
        self._connection = databases.connect(target)
        results.prepare(self._connection)
        self._in_block = False
        self._cancelled = threading.Event()

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    def close(self) -> None:
        """End the connection; a transaction that is open is rolled back."""
        self._connection.close()

    def cancel(self) -> None:
        self._cancelled.set()
        self._connection.cancel_safe(timeout=10)

    def run(self, sql: str, parameters: Mapping[str, str], path: Path) -> Answer:
        """Run one statement, in a transaction of its own unless BEGIN opened one; rows of a query go to ``path``.

        Raises SqlError, or StatementCancelledError.
        """
        statement = read_statement(sql, parameters)
        if statement.kind in (statements.BEGIN, statements.COMMIT, statements.ROLLBACK):
            return self._control(statement)
        if statement.kind == statements.OUTSIDE:
            return self._outside(statement)
        if self._in_block:
            return self._guarded(lambda: self._answered(statement, path))
        return self._guarded(lambda: self._alone(statement, path))

    def run_batch(
        self, texts: list[str], parameters: Mapping[str, str], step: Callable[[int, Callable[[Path], Answer]], None]
    ) -> None:
        """Run statements in one transaction: ``step`` is called with the place of each and what runs it.

        TRUNCATE commits what came before it, as in Redshift; what follows is another transaction.
        """
        self._connection.execute(_BEGIN)
        try:
            for place, text in enumerate(texts):
                step(place, partial(self._batched, text, parameters))
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(error)
            raise

    def _batched(self, text: str, parameters: Mapping[str, str], path: Path) -> Answer:
        return self._guarded(lambda: self._in_batch(text, parameters, path))

    def _in_batch(self, text: str, parameters: Mapping[str, str], path: Path) -> Answer:
        statement = read_statement(text, parameters)
        if statement.kind in (statements.BEGIN, statements.COMMIT, statements.ROLLBACK):
            raise UnsupportedError(f"{statement.kind.upper()} in a batch that is one transaction")
        if statement.kind == statements.OUTSIDE:
            raise SqlError(f"{_first_word(statement)} cannot run inside a transaction block")
        answer = self._answered(statement, path)
        if statement.kind == statements.TRUNCATE:
            self._connection.execute(_BEGIN)
        return answer

    def _alone(self, statement: Statement, path: Path) -> Answer:
        self._connection.execute(_BEGIN)
        try:
            answer = self._answered(statement, path)
            if statement.kind != statements.TRUNCATE:
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(error)
            raise
        return answer

    def _answered(self, statement: Statement, path: Path) -> Answer:
        """Run a statement inside the open transaction."""
        answer = Answer(self._next_query_id())
        if statement.kind == statements.COPY:
            records = LoadRecords(lambda: self._databases.log_connection(self.target))
            answer.rows = run_copy(statement.sql, answer.query_id, self._connection, self._store, records, self._check)
        elif statement.kind == statements.UNLOAD:
            answer.rows = run_unload(statement.sql, self._connection, self._store)
        elif statement.kind == statements.QUERY:
            answer.columns, answer.rows, answer.size = results.store_rows(self._connection, statement.runs[-1], path)
        else:
            answer.rows = self._execute(statement)
        if statement.kind == statements.TRUNCATE:
            self._connection.execute("COMMIT")
            self._in_block = False
        self._connection.execute("SELECT set_config('rs.last_query', %s, false)", (str(answer.query_id),))
        return answer

    def _execute(self, statement: Statement) -> int:
        changed = -1
        for run in statement.runs:
            changed = self._connection.execute(run.encode()).rowcount
        return changed if statement.kind == statements.CHANGE else -1

    def _control(self, statement: Statement) -> Answer:
        begins = statement.kind == statements.BEGIN
        if begins and not self._in_block:
            self._connection.execute(_BEGIN)
        elif not begins and self._in_block:
            failed = self._connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR
            self._connection.execute("ROLLBACK" if failed else statement.kind.upper())
        self._in_block = begins
        return Answer(self._next_query_id())

    def _outside(self, statement: Statement) -> Answer:
        if self._in_block:
            raise SqlError(f"{_first_word(statement)} cannot run inside a transaction block")
        if statement.database.startswith("-"):
            self._databases.drop(self.target, statement.database[1:])
        elif statement.database:
            self._databases.create(self.target, statement.database)
        else:
            self._guarded(lambda: Answer(self._execute(statement)))
        return Answer(self._next_query_id())

    def _next_query_id(self) -> int:
        if self._connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR:
            raise SqlError("current transaction is aborted, commands ignored until end of transaction block")
        found = self._connection.execute("SELECT nextval('rs.query_id')").fetchone()
        return int(str(found[0])) if found else 0

    def _guarded(self, run: Callable[[], Answer]) -> Answer:
        try:
            return run()
        except CopyFailedError as error:
            raise self._shown(error.cause) from error
        except psycopg.Error as error:
            raise self._shown(error) from error
        except SqlError:
            if self._cancelled.is_set():
                raise StatementCancelledError from None
            raise

    def _shown(self, error: Exception) -> Exception:
        """What the owner of the statement sees."""
        if self._cancelled.is_set():
            return StatementCancelledError()
        return explained(error) if isinstance(error, psycopg.Error) else error

    def _roll_back(self, error: BaseException) -> None:
        """Roll back; a COPY that failed while it loaded leaves its number in the session."""
        if self._connection.closed:
            return
        self._connection.execute("ROLLBACK")
        failed = _copy_failure(error)
        if failed:
            remember(self._connection, failed.query_id, 0)

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise StatementCancelledError


def _copy_failure(error: BaseException) -> CopyFailedError | None:
    """The failure of a COPY that an error was raised from."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None or isinstance(cause, CopyFailedError):
            return cause
        cause = cause.__cause__
    return None


def _first_word(statement: Statement) -> str:
    return statement.sql.split(None, 1)[0].upper()
