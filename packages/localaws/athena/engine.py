"""Runs queries: takes them in, works on a few at a time, and keeps what they left."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localaws.athena.errors import InvalidRequestError, QueryCancelledError, QueryError
from localaws.athena.execution import CANCELLED, FAILED, FINAL, RUNNING, SUCCEEDED, Execution, History
from localaws.athena.results.locations import check_location, file_location, is_managed, managed_folder
from localaws.athena.results.reuse import earlier_result
from localaws.athena.sessions import Sessions
from localaws.athena.statements import Statement, read_statement

if TYPE_CHECKING:
    from moto.athena.models import WorkGroup

    from localaws.athena.backend import LocalAthenaBackend
    from localaws.athena.context import Context
    from localaws.athena.session import Session
    from localaws.glue.catalog import Catalog
    from localaws.home import Home
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore
    from localaws.settings import Settings

WORKERS = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What StartQueryExecution asks for."""

    query: str
    workgroup: WorkGroup
    database: str
    catalog: str
    result_configuration: dict[str, Any]
    parameters: list[str] = field(default_factory=list)
    token: str = ""
    reuse_minutes: int | None = None


class Engine:
    """Runs Athena queries on DuckDB."""

    def __init__(
        self, settings: Settings, home: Home, store: ObjectStore, catalog: Catalog, tables: Callable[[], IcebergTables]
    ) -> None:
        self._settings = settings
        self._store = store
        self._tables = tables
        self._live: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="athena")
        self._sessions = Sessions(home.tmp)
        self.catalog = catalog
        self.history = History(home.queries)

    def start(self) -> None:
        """Read the history of earlier servers."""
        self.history.load()

    def stop(self) -> None:
        """Cancel what runs and wait for it."""
        with self._lock:
            live = list(self._live.values())
        for session in live:
            session.cancel()
        self._pool.shutdown(cancel_futures=True)
        self._sessions.close()

    def submit(self, request: Request, saved: LocalAthenaBackend) -> Execution:
        """Take a query in; raise InvalidRequestError for one that Athena refuses at once."""
        from localaws.athena.prepared import resolve

        try:
            statement = resolve(read_statement(request.query), saved, request.workgroup.name, request.parameters)
        except QueryError as error:
            raise InvalidRequestError(str(error).removeprefix("SYNTAX_ERROR: "), "MALFORMED_QUERY") from None
        if request.workgroup.state != "ENABLED":
            raise InvalidRequestError(f"WorkGroup {request.workgroup.name} is disabled.")
        managed = is_managed(request.workgroup.configuration)
        folder = managed_folder(self._store, request.workgroup.name) if managed else ""
        configuration = {"OutputLocation": folder} if managed else _result_configuration(request)
        location = configuration["OutputLocation"]
        check_location(self._store, location)
        execution_id = str(uuid.uuid4())
        configuration["OutputLocation"] = file_location(location, execution_id, statement)
        execution = Execution(
            id=execution_id,
            query=request.query,
            statement_type=statement.type,
            substatement_type=statement.kind,
            workgroup=request.workgroup.name,
            database=request.database.strip("`"),  # awswrangler quotes it
            catalog=request.catalog,
            result_configuration=configuration,
            parameters=request.parameters,
            token=request.token,
            managed=managed,
            reuse_minutes=request.reuse_minutes,
        )
        if statement.kind == "SELECT":
            earlier = earlier_result(self._store, self.history.of_workgroup(execution.workgroup), execution)
            if earlier is not None:
                execution.take_over(earlier)
        kept = self.history.add(execution)
        if kept is execution and not execution.reused:
            limit = int(request.workgroup.configuration.get("BytesScannedCutoffPerQuery") or 0)
            self._pool.submit(self._run, execution, statement, self._context(execution, saved, location), limit)
        elif kept.query != request.query:
            raise InvalidRequestError("Idempotent parameters do not match")
        return kept

    def execution(self, execution_id: str) -> Execution:
        """Raise InvalidRequestError for an id that is not known."""
        execution = self.history.get(execution_id)
        if execution is None:
            raise InvalidRequestError(f"QueryExecution {execution_id} was not found")
        return execution

    def cancel(self, execution_id: str) -> None:
        """Stop a query; one that has ended stays as it is."""
        execution = self.execution(execution_id)
        with self._lock:
            session = self._live.get(execution_id)
            if session is None and execution.state not in FINAL:
                self._end(execution, CANCELLED, "Query was cancelled by the user")
        if session:
            session.cancel()

    def results_page(self, execution_id: str, token: str, limit: int) -> dict[str, Any]:
        """One page of GetQueryResults."""
        from localaws.athena.results.reading import results_page

        return results_page(self._store, self.execution(execution_id), token, limit)

    def _context(self, execution: Execution, saved: LocalAthenaBackend, location: str) -> Callable[[Session], Context]:
        def planned() -> None:
            execution.planned = time.time()

        def context(session: Session) -> Context:
            from localaws.athena.context import Context

            return Context(
                execution=execution,
                session=session,
                catalog=self.catalog,
                store=self._store,
                iceberg=self._tables(),
                saved=saved,
                location=location.rstrip("/") + "/",
                planned=planned,
            )

        return context

    def _run(
        self, execution: Execution, statement: Statement, context: Callable[[Session], Context], limit: int
    ) -> None:
        session = self._begin(execution, limit)
        if session is None:
            return
        try:
            # pyarrow, pyiceberg and the SQL compiler are loaded with the first query, not with the server
            from localaws.athena.handlers import handle
            from localaws.athena.results.writing import publish

            under_way = context(session)
            publish(under_way, handle(under_way, statement))
            self._end(execution, SUCCEEDED, scanned=session.scanned)
        except QueryCancelledError as error:
            self._end(execution, CANCELLED, str(error), scanned=session.scanned)
        except Exception as error:  # noqa: BLE001 - whatever a query raises ends that query, and is shown to its owner
            self._fail(execution, session, error)
        finally:
            with self._lock:
                del self._live[execution.id]
            session.close(reusable=execution.state == SUCCEEDED)

    def _begin(self, execution: Execution, limit: int) -> Session | None:
        """A session for the query; None where it was cancelled, or has failed for want of one."""
        with self._lock:
            if execution.state in FINAL:
                return None
            execution.started, execution.state = time.time(), RUNNING
            try:
                self._live[execution.id] = self._sessions.open(limit)
            except Exception as error:  # noqa: BLE001 - see _run
                _log.exception("query %s has no DuckDB", execution.id)
                self._end(execution, FAILED, f"GENERIC_INTERNAL_ERROR: {error}")
            return self._live.get(execution.id)

    def _fail(self, execution: Execution, session: Session, error: Exception) -> None:
        if session.cancelled:
            self._end(execution, CANCELLED, "Query was cancelled by the user", scanned=session.scanned)
            return
        from localaws.athena import failures

        failure = failures.explain(error)
        if failure.unexpected:
            _log.exception("query %s failed", execution.id)
        execution.error = failure.as_athena_error()
        self._end(execution, FAILED, failure.text, scanned=session.scanned)

    def _end(self, execution: Execution, state: str, reason: str = "", *, scanned: int = 0) -> None:
        execution.scanned, execution.reason = scanned, reason
        execution.completed = time.time()
        execution.state = state
        self.history.save(execution)


def _result_configuration(request: Request) -> dict[str, Any]:
    """The client's settings, or the workgroup's where they are enforced or the client gave no location."""
    group = request.workgroup.configuration
    own = group.get("ResultConfiguration") or {}
    enforced = group.get("EnforceWorkGroupConfiguration") and own.get("OutputLocation")
    chosen = own if enforced or not request.result_configuration.get("OutputLocation") else request.result_configuration
    if not chosen.get("OutputLocation"):
        raise InvalidRequestError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return dict(chosen)
