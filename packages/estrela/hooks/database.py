"""A PostgreSQL database: query, copy, upsert. Each call is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection, Cursor
from psycopg import Error as PsycopgError
from psycopg import OperationalError as PsycopgOperationalError
from psycopg.sql import SQL, Composable, Composed, Identifier
from sqlalchemy import URL, Engine, create_engine, inspect, text
from sqlalchemy import Connection as EngineConnection
from sqlalchemy.event import listens_for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from estrela.errors import LoadError, bounded
from estrela.hooks.database_login import CONNECT_SECONDS, PASSING_STATES, login_of
from estrela.hooks.database_tls import tls_of
from estrela.hooks.secret import Secret

Row = Sequence[object]


@dataclass(frozen=True)
class DatabaseManager:
    """One database over a pooled SQLAlchemy engine. Tables are named ``table`` or ``schema.table``."""

    engine: Engine

    @classmethod
    def from_url(cls, url: URL | str) -> DatabaseManager:
        """Return a manager of the database at a ``postgresql+psycopg://`` URL; it connects on first use."""
        return cls(create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}))

    @classmethod
    def from_secret(cls, secret: Secret, root_certificate: str = "") -> DatabaseManager:
        """Return a manager of the database that a secret in the format of Amazon RDS names.

        The fields of the secret are username, password, host, port and dbname. The server is verified as in
        :func:`estrela.hooks.database_tls.tls_of`. If a connection is refused, the secret is read again and the
        connection retried once, because the password may have been rotated. Raises SettingsError if the secret cannot
        be read or lacks a field.
        """
        login = login_of(secret)
        user, password, host, name = (login[field] for field in ("user", "password", "host", "dbname"))
        tls = tls_of(secret, root_certificate)
        database = cls.from_url(URL.create("postgresql+psycopg", user, password, host, int(login["port"]), name, tls))

        @listens_for(database.engine, "do_connect")
        def connect(dialect: Any, _: Any, arguments: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
            try:
                return dialect.connect(*arguments, **parameters)
            except PsycopgOperationalError:
                return dialect.connect(*arguments, **{**parameters, **login_of(replace(secret))})

        return database

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """Return the rows of a statement with ``:name`` parameters; [] if it returns none. Raises LoadError."""
        with self.connection("query") as connection:
            result = connection.execute(text(sql), parameters or {})
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """Append ``rows`` by a streamed COPY; return their number. Raises LoadError, and then writes no row."""
        self._require_columns(table, columns)
        with self.transaction(table) as cursor:
            return _copied(cursor, _name(table), columns, rows)

    def upsert(self, table: str, columns: Sequence[str], key: Sequence[str], rows: Iterable[Row]) -> int:
        """Insert rows, or update those whose ``key`` exists; return the number of rows inserted or changed.

        Existing rows with the same values are not written again. Raises LoadError, and writes no row, if a key occurs
        twice in ``rows`` or has no unique constraint.
        """
        self._require_columns(table, [*columns, *key])
        stage = Identifier("estrela_stage")
        with self.transaction(table) as cursor:
            statement = SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
            cursor.execute(statement.format(stage, _list(columns), _name(table)))
            _copied(cursor, stage, columns, rows)
            _require_distinct(cursor, table, stage, key)
            cursor.execute(_merge(table, stage, columns, key))
            return cursor.rowcount

    def _require_columns(self, table: str, columns: Sequence[str]) -> None:
        schema, _, name = table.rpartition(".")
        with _as_load_error(table):
            known = [column["name"] for column in inspect(self.engine).get_columns(name, schema or None)]
        unknown = [column for column in columns if column not in known]
        if unknown or not columns:
            problem = f"has no column {unknown[0] if unknown else ''!r}; it has {', '.join(known)}"
            raise LoadError(table, problem, retriable=False)

    @contextmanager
    def connection(self, purpose: str) -> Iterator[EngineConnection]:
        """Return a SQLAlchemy connection in one transaction, which is committed unless the block raises.

        A driver's error is raised as a LoadError that names ``purpose``, such as the name of a table.
        """
        with _as_load_error(purpose), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self, purpose: str) -> Iterator[EngineConnection]:
        """Like :meth:`connection`, but read only: all statements see the same snapshot, and rows are streamed."""
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _as_load_error(purpose), self.engine.connect() as connection:
            yield connection.execution_options(stream_results=True, **options)

    @contextmanager
    def transaction(self, purpose: str) -> Iterator[Cursor[Any]]:
        """Like :meth:`connection`, but return a psycopg cursor."""
        with self.connection(purpose) as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, Connection)
            with driver.cursor() as cursor:
                yield cursor


def _copied(cursor: Cursor[Any], table: Composable, columns: Sequence[str], rows: Iterable[Row]) -> int:
    count = 0
    with cursor.copy(SQL("COPY {} ({}) FROM STDIN").format(table, _list(columns))) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _require_distinct(cursor: Cursor[Any], table: str, stage: Identifier, key: Sequence[str]) -> None:
    query = SQL("SELECT {0} FROM {1} GROUP BY {0} HAVING count(*) > 1 LIMIT 1").format(_list(key), stage)
    twice = cursor.execute(query).fetchone()
    if twice:
        values = ", ".join(f"{name}={value!r}" for name, value in zip(key, twice, strict=True))
        problem = f"the rows to upsert contain the key {values} more than once; nothing was written"
        raise LoadError(table, problem, retriable=False)


def _merge(table: str, stage: Identifier, columns: Sequence[str], key: Sequence[str]) -> Composed:
    others = [column for column in columns if column not in key]
    head = SQL("INSERT INTO {0} AS kept ({1}) SELECT {1} FROM {2} ON CONFLICT ({3}) ").format(
        _name(table), _list(columns), stage, _list(key)
    )
    if not others:
        return head + SQL("DO NOTHING")
    pairs = SQL(", ").join(SQL("{0} = EXCLUDED.{0}").format(Identifier(column)) for column in others)
    before = SQL(", ").join(SQL("kept.{}").format(Identifier(column)) for column in others)
    after = SQL(", ").join(SQL("EXCLUDED.{}").format(Identifier(column)) for column in others)
    return head + SQL("DO UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})").format(pairs, before, after)


def _name(table: str) -> Composable:
    return Identifier(*table.split("."))


def _list(columns: Sequence[str]) -> Composable:
    return SQL(", ").join(map(Identifier, columns))


@contextmanager
def _as_load_error(table: str) -> Iterator[None]:
    """Raise a driver's error as a LoadError, because SQLAlchemy's own text would show the rows' values.

    The LoadError is retriable if the connection or the server failed or another transaction won, but not if the
    statement or the rows are wrong.
    """
    try:
        yield
    except (SQLAlchemyError, PsycopgError) as error:
        cause = getattr(error, "orig", None) or error
        message = cause.diag.message_primary if isinstance(cause, PsycopgError) else None
        problem = bounded(message or str(cause).split("\n")[0])
        raise LoadError(table, problem, retriable=_may_pass(cause)) from error


def _may_pass(error: BaseException) -> bool:
    state = error.sqlstate if isinstance(error, PsycopgError) else None
    # A lost or refused connection has no SQLSTATE, because the server never evaluated the statement.
    return state.startswith(PASSING_STATES) if state else isinstance(error, PsycopgOperationalError | PoolTimeoutError)
