"""A session with a warehouse's database: its transaction, and the statements in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import psycopg

from localaws.redshift.copy.command import CopyFailedError, remember
from localaws.redshift.database import Databases, Target
from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql import statements
from localaws.redshift.sql.statements import Statement, read_statement
from localaws.redshift.statement_runner import Answer, StatementRunner
from localaws.s3.store import ObjectStore

_DEEPEST = 10
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"
_TRANSACTION = (statements.BEGIN, statements.COMMIT, statements.ROLLBACK)


class Session:
    """Runs statements one after the other; another thread may cancel a statement through :attr:`runner`."""

    def __init__(self, databases: Databases, store: ObjectStore, target: Target) -> None:
        self.runner = StatementRunner(databases, store, target)
        self._databases, self._connection = databases, self.runner.connection
        self._in_block = False

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    @property
    def closed(self) -> bool:
        """Return whether the connection was closed or lost."""
        return self._connection.closed

    def close(self) -> None:
        """End the connection; PostgreSQL rolls back an open transaction."""
        self._connection.close()

    def run(self, sql: str, parameters: Mapping[str, str], path: Path) -> Answer:
        """Run one statement, in its own transaction unless BEGIN opened one; rows of a query are written to ``path``.

        Raises SqlError, or StatementCancelledError.
        """
        statement = read_statement(sql, parameters)
        with self.runner.guarded():
            if statement.kind in _TRANSACTION:
                return self._control(statement)
            if statement.kind == statements.OUTSIDE:
                return self._outside(statement)
            return (
                self._in_block_of_client(statement, path)
                if self._in_block
                else self._answer_and_commit(statement, path)
            )

    def run_batch(
        self, texts: list[str], parameters: Mapping[str, str], step: Callable[[int, Callable[[Path], Answer]], None]
    ) -> None:
        """Run statements in one transaction; ``step`` is called with the index of each and a function that runs it.

        As in Redshift, TRUNCATE commits the statements before it; those after it are in another transaction.
        """
        with self.runner.guarded():
            self._connection.execute(_BEGIN)
            try:
                for place, text in enumerate(texts):
                    step(place, partial(self._in_batch, text, parameters))
                self._connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back(error)
                raise

    def _in_batch(self, text: str, parameters: Mapping[str, str], path: Path) -> Answer:
        with self.runner.guarded():
            statement = read_statement(text, parameters)
            if statement.kind in _TRANSACTION:
                raise UnsupportedError(f"{statement.kind.upper()} in a batch that is one transaction")
            _refuse_in_transaction(statement)
            answer = self.runner.answered(statement, path)
            if statement.kind == statements.TRUNCATE:
                self._connection.execute(_BEGIN)
            return answer

    def _in_block_of_client(self, statement: Statement, path: Path) -> Answer:
        answer = self.runner.answered(statement, path)
        if statement.kind == statements.TRUNCATE:
            self._in_block = False
        return answer

    def _answer_and_commit(self, statement: Statement, path: Path) -> Answer:
        self._connection.execute(_BEGIN)
        try:
            answer = self.runner.answered(statement, path)
            if statement.kind != statements.TRUNCATE:
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(error)
            raise
        return answer

    def _control(self, statement: Statement) -> Answer:
        begins = statement.kind == statements.BEGIN
        if begins and not self._in_block:
            self._connection.execute(_BEGIN)
        elif not begins and self._in_block:
            failed = self._connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR
            self._connection.execute("ROLLBACK" if failed else statement.kind.upper())
        self._in_block = begins
        return Answer(self.runner.next_query_id())

    def _outside(self, statement: Statement) -> Answer:
        """Run a statement that must not run inside a transaction."""
        if self._in_block:
            _refuse_in_transaction(statement)
        if statement.database.startswith("-"):
            self._databases.drop(self.runner.target, statement.database[1:])
        elif statement.database:
            self._databases.create(self.runner.target, statement.database)
        else:
            self.runner.execute(statement)
        return Answer(self.runner.next_query_id())

    def _roll_back(self, error: BaseException) -> None:
        """Roll back; if a COPY failed while loading, set its query ID in the session."""
        if self._connection.closed:
            return
        self._connection.execute("ROLLBACK")
        failed = _copy_failure(error)
        if failed:
            remember(self._connection, failed.query_id, 0)


def _copy_failure(error: BaseException) -> CopyFailedError | None:
    """Return the COPY failure among the causes of an error; None if there is none."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None or isinstance(cause, CopyFailedError):
            return cause
        cause = cause.__cause__
    return None


def _refuse_in_transaction(statement: Statement) -> None:
    if statement.kind == statements.OUTSIDE:
        word = statement.sql.split(None, 1)[0].upper()
        raise SqlError(f"{word} cannot run inside a transaction block")
