"""The underlying PostgreSQL: it has one database for each database of a cluster or namespace."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql

from localaws.postgres_server import PostgresServer
from localaws.redshift.errors import SqlError

_LONGEST_NAME = 63
_SEARCH_PATH = "public, rs, pg_catalog"
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Target:
    """The database in which a statement runs.

    ``warehouse`` is the region and identity of a cluster or namespace; ``owned`` the database created with it.
    """

    warehouse: str
    database: str
    user: str
    owned: str


class Databases:
    """Connections to the databases of all warehouses.

    ``address`` is the URL of the user's own PostgreSQL. Without it, a PostgreSQL is started below ``folder`` with the
    first connection, and restarted with the next connection if it has ended.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._server = None if address else PostgresServer(folder)
        self._address = address
        self._ready: set[str] = set()
        self._lock, self._starting = threading.Lock(), threading.Lock()
        self._stopped = False

    def connect(self, target: Target) -> Connection:
        """Open a connection in autocommit mode that finds Redshift's names before PostgreSQL's; raises SqlError."""
        name = self._ensure(target)
        connection = self.connect_plain(name)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(
            "SELECT set_config('search_path', %s, false), set_config('rs.database', %s, false), "
            "set_config('rs.user', %s, false)",
            (_SEARCH_PATH, target.database, target.user),
        )
        return connection

    def log_connection(self, target: Target) -> Connection:
        """Open a separate connection, for rows that must survive a rollback of the statement."""
        return self.connect_plain(self._ensure(target))

    def connect_plain(self, name: str) -> Connection:
        """Open a connection in autocommit mode; raises SqlError if PostgreSQL refuses it."""
        try:
            return psycopg.connect(self._started(), dbname=_short(name), autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise SqlError(f"PostgreSQL refused the connection: {error}") from error

    def create(self, target: Target, database: str) -> None:
        """CREATE DATABASE; raises SqlError if it exists."""
        with self._lock:
            if database in self._names(target.warehouse) or database == target.owned:
                raise SqlError(f'database "{database}" already exists')
            self._create(physical_name(target.warehouse, database))

    def drop(self, target: Target, database: str) -> None:
        """DROP DATABASE; raises SqlError if it does not exist or is the database in use."""
        if database == target.database:
            raise SqlError("cannot drop the currently open database")
        with self._lock:
            if database not in self._names(target.warehouse):
                raise SqlError(f'database "{database}" does not exist')
            self._drop(physical_name(target.warehouse, database))

    def drop_all(self, warehouse: str) -> None:
        """Drop the databases of a deleted cluster or namespace."""
        with self._lock:
            for database in self._names(warehouse):
                self._drop(physical_name(warehouse, database))

    def names(self, target: Target) -> list[str]:
        """Databases of a warehouse, sorted."""
        with self._lock:
            return sorted({*self._names(target.warehouse), target.owned})

    def stop(self) -> None:
        with self._starting:
            self._stopped = True
            if self._server:
                self._server.stop()

    def _started(self) -> str:
        """Return the server's address; start the server if it is not running."""
        if self._server is None:
            return self._address
        with self._starting:
            if self._stopped:
                raise SqlError("the server is being stopped")
            if not self._server.is_running:
                self._server.stop()
                self._address = self._server.start()
            return self._address

    def _ensure(self, target: Target) -> str:
        """Return the database's name in PostgreSQL; the first database of a warehouse is created when first used."""
        name = physical_name(target.warehouse, target.database)
        with self._lock:
            if name in self._ready:
                return name
            if target.database not in self._names(target.warehouse):
                if target.database != target.owned:
                    raise SqlError(f'database "{target.database}" does not exist')
                self._create(name)
            self._ready.add(name)
        return name

    def _names(self, warehouse: str) -> list[str]:
        with self.connect_plain("postgres") as connection:
            comments = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE NOT datistemplate"
            ).fetchall()
        prefix = f"{warehouse}/"
        return [str(text).removeprefix(prefix) for (text,) in comments if text and str(text).startswith(prefix)]

    def _create(self, name: str) -> None:
        """Create a database with the schema ``rs``; the comment is written last and marks the database as complete."""
        physical, logical = sql.Identifier(_short(name)), name
        with self.connect_plain("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(physical))
            statement = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            connection.execute(sql.SQL(statement).format(physical))
            with self.connect_plain(name) as database:
                database.execute(files("localaws.redshift").joinpath("bootstrap.sql").read_text(encoding="utf-8"))
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(physical, sql.Literal(logical)))

    def _drop(self, name: str) -> None:
        with self.connect_plain("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_short(name))))
        self._ready.discard(name)


def physical_name(warehouse: str, database: str) -> str:
    """Return the name of a warehouse's database in PostgreSQL, before it is shortened."""
    return f"{warehouse}/{database}"


def _short(name: str) -> str:
    """A name within PostgreSQL's length limit."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return hashlib.sha256(name.encode()).hexdigest()[:_LONGEST_NAME]
