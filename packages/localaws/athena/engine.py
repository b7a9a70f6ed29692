"""The seam between Athena's API and the engines: what a statement needs to run, and what an engine offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from localaws.athena.execution import Execution
    from localaws.athena.failures import Failure
    from localaws.athena.outcome import Outcome
    from localaws.athena.syntax.statements import Statement
    from localaws.athena.types.trino import Columns
    from localaws.glue.catalog import Catalog
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore


@dataclass
class Context:
    """One query under way.

    ``location`` is the folder that its results go to, with a slash at its end; ``enforced`` says whether the workgroup
    allows no other. ``planned`` is called once the statement is understood, before it reads or writes rows.
    """

    execution: Execution
    run: Run
    catalog: Catalog
    store: ObjectStore
    iceberg: IcebergTables
    location: str
    enforced: bool
    planned: Callable[[], None]

    @property
    def database(self) -> str:
        return self.execution.database.lower()


class Run(Protocol):
    """One statement under way in an engine. ``cancel`` is called from another thread, ``close`` once, at the end."""

    @property
    def scanned(self) -> int:
        """Bytes that were read from tables so far."""

    @property
    def cancelled(self) -> bool: ...

    def answer(self, context: Context, statement: Statement) -> Outcome:
        """Run a statement; raise QueryError, SqlError, QueryCancelledError or an error that the engine explains."""

    def columns(self, context: Context, query: str) -> Columns:
        """Names (empty where a column has none) and types of a query's columns, without its rows."""

    def cancel(self) -> None: ...

    def close(self, *, succeeded: bool) -> None: ...


class Engine(Protocol):
    """Runs the statements that read or write rows: everything but the catalog's DDL and prepared statements."""

    def start(self, aws: WSGIApplication) -> None:
        """Called once, before the first statement; ``aws`` answers the calls of an engine that reads by itself."""

    def preload(self) -> None:
        """Import what the first statement would wait for."""

    def open(self, limit: int) -> Run:
        """A run of at most ``limit`` scanned bytes (0: no limit)."""

    def explain(self, error: Exception) -> Failure | None:
        """Return the error that a query's owner sees for an error of the engine itself; None for any other error."""

    def stop(self) -> None: ...
