"""The interface between Athena's API and the engines: what a statement needs to run, and what an engine provides."""

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
    """One running query.

    ``location`` is the folder for its results, with a trailing slash; ``enforced`` is true if the workgroup allows no
    other location. ``planned`` is called once the statement is compiled, before it reads or writes rows.
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
    """One running statement. ``cancel`` is called from another thread, ``close`` once, at the end."""

    @property
    def scanned(self) -> int:
        """Bytes read from tables so far."""

    @property
    def cancelled(self) -> bool: ...

    def answer(self, context: Context, statement: Statement) -> Outcome:
        """Run a statement; raise QueryError, SqlError, QueryCancelledError or an error that the engine explains."""

    def columns(self, context: Context, query: str) -> Columns:
        """Names (empty for unnamed columns) and types of a query's columns, without its rows."""

    def cancel(self) -> None: ...

    def close(self, *, succeeded: bool) -> None: ...


class Engine(Protocol):
    """Runs statements that read or write rows: all except the catalog's DDL and prepared statements."""

    def start(self, aws: WSGIApplication) -> None:
        """Start; called once, before the first statement. ``aws`` answers the engine's own AWS calls."""

    def preload(self) -> None:
        """Import the modules that the first statement would have to wait for."""

    def open(self, limit: int) -> Run:
        """Open a run that may scan ``limit`` bytes (0: no limit)."""

    def explain(self, error: Exception) -> Failure | None:
        """Return the error that a query's owner sees for an error of the engine itself; None for any other error."""

    def stop(self) -> None: ...
