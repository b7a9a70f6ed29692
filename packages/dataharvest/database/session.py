"""PostgreSQL transactions over one connection that is kept between the invocations of a function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo

from estrela.errors import LoadError, bounded
from estrela.hooks.database_login import CONNECT_SECONDS, PASSING_STATES, login_of
from estrela.hooks.database_tls import tls_of
from estrela.hooks.secret import Secret

BATCH = 5000
"""Rows that are read and written at a time."""


class Database:
    """A database by its libpq connection string; it connects on first use, and again after a lost connection."""

    def __init__(self, conninfo: str, secret: Secret | None = None) -> None:
        self._conninfo = make_conninfo(conninfo, connect_timeout=CONNECT_SECONDS, application_name="dataharvest")
        self._secret = secret
        self._connection: Connection[Any] | None = None

    @classmethod
    def from_secret(cls, secret: Secret, root_certificate: str = "") -> Database:
        """Return the database of a secret in the format of Amazon RDS. The server is verified as in Estrela's
        ``tls_of``.

        If a connection is refused, the secret is read again and the connection retried once, because the password may
        have been rotated. Raises SettingsError if the secret cannot be read or lacks a field.
        """
        return cls(make_conninfo("", **login_of(secret), **tls_of(secret, root_certificate)), secret)

    @contextmanager
    def transaction(self) -> Iterator[Connection[Any]]:
        """Yield the connection in a transaction that is committed at the end of the block.

        Raises LoadError for an error of the database, retriable if the server or the connection failed.
        """
        with self.autocommit() as connection, connection.transaction():
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection[Any]]:
        """Yield the connection outside a transaction: each statement is committed by itself, which saves two more.

        Raises LoadError as :meth:`transaction` does.
        """
        try:
            yield self._connected()
        except psycopg.Error as error:
            raise _load_error(error) from error

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> Connection[Any]:
        try:
            return psycopg.connect(self._conninfo, autocommit=True)
        except psycopg.OperationalError:
            if self._secret is None:
                raise
            self._conninfo = make_conninfo(self._conninfo, **login_of(replace(self._secret)))
            return psycopg.connect(self._conninfo, autocommit=True)


def _load_error(error: psycopg.Error) -> LoadError:
    """Return a LoadError with only the server's primary message, because its detail quotes rows."""
    passing = isinstance(error, psycopg.OperationalError) or (error.sqlstate or "").startswith(PASSING_STATES)
    problem = error.diag.message_primary or str(error).split("\n", maxsplit=1)[0]
    return LoadError("database", bounded(problem), retriable=passing)


def in_batches(connection: Connection[Any], query: str, given: Mapping[str, object]) -> Iterator[list[Any]]:
    """Yield the rows of a query, in binary format, in lists of up to ``BATCH``, one of which is held in memory."""
    with connection.cursor(name="rows") as reader:
        reader.execute(query, given, binary=True)
        while rows := reader.fetchmany(BATCH):
            yield rows


def at_once_if_few(connection: Connection[Any], query: str, given: Mapping[str, object]) -> Iterator[list[Any]]:
    """Do as :func:`in_batches`, but read few rows by one statement instead of three. For more the query runs twice."""
    rows = connection.execute(f"{query} LIMIT {BATCH + 1}", given, binary=True).fetchall()
    if len(rows) <= BATCH:
        yield rows
    else:
        del rows
        yield from in_batches(connection, query, given)


def lock(connection: Connection[Any], *words: str) -> None:
    """Take the exclusive advisory lock named by ``words`` until the transaction ends; wait while others have it."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock_name(*words)])


def share(connection: Connection[Any], *words: str) -> None:
    """Take the shared advisory lock named by ``words``; wait while another transaction has the exclusive one.

    It is released at the end of the transaction, or when its savepoint is rolled back.
    """
    connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [lock_name(*words)])


def lock_name(*words: str) -> str:
    """Return the name of an advisory lock."""
    return "/".join(words)
