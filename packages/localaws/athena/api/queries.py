"""Accepts queries, runs a few at a time, and stores their results."""

from __future__ import annotations

import importlib
import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws.athena import failures
from localaws.athena.api.history import History
from localaws.athena.api.results.locations import check_location, file_location, is_managed, managed_folder
from localaws.athena.api.results.reuse import earlier_result
from localaws.athena.errors import InvalidRequestError, QueryCancelledError, QueryError
from localaws.athena.execution import CANCELLED, FAILED, FINAL, RUNNING, SUCCEEDED, Execution
from localaws.athena.syntax.statements import Statement, read_statement

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from moto.athena.models import WorkGroup

    from localaws.athena.api.backend import LocalAthenaBackend
    from localaws.athena.engine import Context, Engine, Run
    from localaws.glue.catalog import Catalog
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore

WORKERS = 4
_STOPPED = "Query was cancelled by the user"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """The request of StartQueryExecution."""

    query: str
    workgroup: WorkGroup
    database: str
    catalog: str
    result_configuration: dict[str, Any]
    parameters: list[str] = field(default_factory=list)
    token: str = ""
    reuse_minutes: int | None = None


@dataclass(frozen=True)
class _Task:
    """An accepted query, its parsed statement, and the location of its results."""

    execution: Execution
    statement: Statement
    workgroup: WorkGroup
    saved: LocalAthenaBackend
    location: str


class Queries:
    """The queries of a server, which an engine runs."""

    def __init__(
        self,
        history: Path,
        store: ObjectStore,
        catalog: Catalog,
        tables: Callable[[], IcebergTables],
        engine: Engine,
    ) -> None:
        self._store = store
        self._tables = tables
        self._engine = engine
        self._live: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="athena")
        self.catalog = catalog
        self.history = History(history)

    def start(self, aws: WSGIApplication) -> None:
        """Read the history of earlier servers, and start the engine; ``aws`` answers the engine's own AWS calls."""
        self.history.load()
        self._engine.start(aws)

    def preload(self) -> None:
        """Import the modules that the first query would have to wait for."""
        for name in ("localaws.athena.api.running", "localaws.athena.api.results.reading"):
            importlib.import_module(name)
        self._engine.preload()

    def stop(self) -> None:
        """Cancel all running queries and wait for them."""
        with self._lock:
            live = list(self._live.values())
        for run in live:
            run.cancel()
        self._pool.shutdown(cancel_futures=True)
        self._engine.stop()

    def submit(self, request: Request, saved: LocalAthenaBackend) -> Execution:
        """Accept a query; raise InvalidRequestError if Athena would refuse it immediately."""
        from localaws.athena.api.prepared import resolve

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
            self._pool.submit(self._run, _Task(execution, statement, request.workgroup, saved, location))
        elif kept.query != request.query:
            raise InvalidRequestError("Idempotent parameters do not match")
        return kept

    def execution(self, execution_id: str) -> Execution:
        """Return an execution; raise InvalidRequestError for an unknown ID."""
        execution = self.history.get(execution_id)
        if execution is None:
            raise InvalidRequestError(f"QueryExecution {execution_id} was not found")
        return execution

    def cancel(self, execution_id: str) -> None:
        """Stop a query; a query that has ended is unchanged."""
        execution = self.execution(execution_id)
        with self._lock:
            run = self._live.get(execution_id)
            if run is None and execution.state not in FINAL:
                self._end(execution, CANCELLED, _STOPPED)
        if run:
            run.cancel()

    def results_page(self, execution_id: str, token: str, limit: int) -> dict[str, Any]:
        """One page of GetQueryResults."""
        from localaws.athena.api.results.reading import results_page

        return results_page(self._store, self.execution(execution_id), token, limit)

    def _context(self, task: _Task, run: Run) -> Context:
        from localaws.athena.engine import Context

        execution, configuration = task.execution, task.workgroup.configuration
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")

        def planned() -> None:
            execution.planned = time.time()

        return Context(
            execution=execution,
            run=run,
            catalog=self.catalog,
            store=self._store,
            iceberg=self._tables(),
            location=task.location.rstrip("/") + "/",
            enforced=bool(configuration.get("EnforceWorkGroupConfiguration") and own),
            planned=planned,
        )

    def _run(self, task: _Task) -> None:
        execution = task.execution
        run = self._begin(task)
        if run is None:
            return
        try:
            # pyarrow and PyIceberg are loaded with the first query, not with the server
            from localaws.athena.api.results.writing import publish
            from localaws.athena.api.running import answer

            context = self._context(task, run)
            publish(context, answer(context, task.statement, task.saved))
            self._end(execution, SUCCEEDED, scanned=run.scanned)
        except QueryCancelledError as error:
            self._end(execution, CANCELLED, str(error), scanned=run.scanned)
        except Exception as error:  # noqa: BLE001 - whatever a query raises ends that query, and is shown to its owner
            self._fail(execution, run, error)
        finally:
            with self._lock:
                del self._live[execution.id]
            run.close(succeeded=execution.state == SUCCEEDED)

    def _begin(self, task: _Task) -> Run | None:
        """Open a run of the engine; None if the query was cancelled, or failed because the engine could not start."""
        execution = task.execution
        with self._lock:
            if execution.state in FINAL:
                return None
            execution.started, execution.state = time.time(), RUNNING
            try:
                limit = int(task.workgroup.configuration.get("BytesScannedCutoffPerQuery") or 0)
                self._live[execution.id] = self._engine.open(limit)
            except Exception as error:  # noqa: BLE001 - see _run
                _log.exception("query %s cannot start", execution.id)
                self._end(execution, FAILED, f"GENERIC_INTERNAL_ERROR: {error}")
            return self._live.get(execution.id)

    def _fail(self, execution: Execution, run: Run, error: Exception) -> None:
        if run.cancelled:
            self._end(execution, CANCELLED, _STOPPED, scanned=run.scanned)
            return
        failure = self._engine.explain(error) or failures.explain(error)
        if failure.unexpected:
            _log.exception("query %s failed", execution.id)
        execution.error = failure.as_athena_error()
        self._end(execution, FAILED, failure.text, scanned=run.scanned)

    def _end(self, execution: Execution, state: str, reason: str = "", *, scanned: int = 0) -> None:
        execution.scanned, execution.reason = scanned, reason
        execution.completed = time.time()
        execution.state = state
        self.history.save(execution)


def _result_configuration(request: Request) -> dict[str, Any]:
    """The client's settings; the workgroup's if they are enforced or the client gave no location."""
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
