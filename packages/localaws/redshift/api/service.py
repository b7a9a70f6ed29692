"""Accepts statements, runs several at a time, and stores their results."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from localaws.redshift.api import execution as states
from localaws.redshift.api.execution import AUTO_COMMIT, ENDED, JSON, TRANSACTION, Execution, Part
from localaws.redshift.api.history import History
from localaws.redshift.api.parameters import checked
from localaws.redshift.api.sessions import KeptSession, Sessions
from localaws.redshift.api.targets import NAMES, Access, Owner, Targets
from localaws.redshift.database import Databases
from localaws.redshift.errors import SqlError, StatementCancelledError, ValidationError
from localaws.redshift.session import Session
from localaws.redshift.statement_runner import Answer
from localaws.s3.store import ObjectStore

WORKERS = 16
MOST_TEXT = 100 * 1024
STOP_SECONDS = 3.0
CANCEL_AGAIN_SECONDS = 0.5
_CANCELLED = "Query was cancelled by the user"
_log = logging.getLogger(__name__)


class Service:
    """The statements of a server."""

    def __init__(self, folder: Path, databases: Databases, store: ObjectStore, targets: Targets) -> None:
        self.databases, self.targets = databases, targets
        self.history = History(folder)
        self.sessions = Sessions()
        self._store = store
        self._live: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="redshift")
        self._running: set[Future[None]] = set()
        self.history.load()

    def stop(self) -> None:
        """Cancel running statements, wait up to STOP_SECONDS for them, and stop PostgreSQL if localaws started it."""
        with self._lock:
            for execution_id in self._live:
                self._start_cancelling(execution_id)
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(list(self._running), STOP_SECONDS)
        self.sessions.stop()
        self.databases.stop()

    def submit(self, owner: Owner, request: Mapping[str, Any], *, is_batch: bool) -> Execution:
        """Accept a request; raises ValidationError."""
        texts = list(request["Sqls"]) if is_batch else [request["Sql"]]
        if sum(len(text.encode()) for text in texts) > MOST_TEXT:
            raise ValidationError(f"Query text is longer than {MOST_TEXT} bytes.")
        if request.get("WithEvent"):
            raise ValidationError("localaws does not support WithEvent.")
        values = checked(request.get("Parameters") or [], texts)
        known = self.history.of_token(request.get("ClientToken", ""))
        if known:
            return known
        execution_id = str(uuid.uuid4())
        named = self.sessions.find(request.get("SessionId", ""))
        place = named.place if named else {name: request[name] for name in NAMES if request.get(name)}
        access = self.targets.find(owner, place)
        place = place | {"DbUser": access.target.user}
        execution = Execution(
            id=execution_id,
            parts=[Part(text) for text in texts],
            whole=Part("" if is_batch else texts[0]),
            place=place,
            is_batch=is_batch,
            mode=request.get("ExecutionMode") or TRANSACTION,
            name=request.get("StatementName", ""),
            parameters=list(request.get("Parameters") or []),
            format=request.get("ResultFormat") or JSON,
            token=request.get("ClientToken", ""),
            region=owner.region,
            account=owner.account,
        )
        session = self.sessions.take(request, place, execution_id)
        execution.session_id = session.id if session else ""
        self.history.add(execution)
        future = self._pool.submit(self._run, execution, values, access, session)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return execution

    def cancel(self, execution: Execution) -> bool:
        """Stop an execution; return False if it has ended already."""
        with self._lock:
            session = self._live.get(execution.id)
            if execution.whole.status in ENDED:
                return False
            if session is None:
                self._end(execution, states.ABORTED, _CANCELLED)
            else:
                self._start_cancelling(execution.id)
        return True

    def _start_cancelling(self, execution_id: str) -> None:
        """Begin to cancel a running statement; the caller holds the lock, so that the session's next one is not hit."""
        self._live[execution_id].runner.refuse()
        # In a thread, because a cancellation blocks if PostgreSQL does not answer, and must not block other callers.
        threading.Thread(target=self._cancel_until_ended, args=(execution_id,), daemon=True).start()

    def _cancel_until_ended(self, execution_id: str) -> None:
        """Cancel repeatedly: PostgreSQL ignores a cancellation that arrives just before the query."""
        while session := self._live.get(execution_id):
            with suppress(psycopg.Error):
                session.runner.interrupt()
            time.sleep(CANCEL_AGAIN_SECONDS)

    def _run(self, execution: Execution, values: dict[str, str], access: Access, kept: KeptSession | None) -> None:
        try:
            if execution.whole.status not in ENDED:
                self._run_in(execution, values, access, kept)
        except Exception as error:  # noqa: BLE001 - whatever happens, a statement must end
            self._fail(execution, error)

    def _run_in(self, execution: Execution, values: dict[str, str], access: Access, kept: KeptSession | None) -> None:
        if access.refused:
            raise SqlError(access.refused)
        execution.whole.move(states.PICKED)
        session = (kept.session if kept else None) or Session(self.databases, self._store, access.target)
        if kept:
            kept.session = session
        execution.pid = session.pid
        with self._lock:
            if execution.whole.status in ENDED:
                return
            session.runner.forget_cancel()
            self._live[execution.id] = session
        try:
            self._run_parts(execution, values, session)
        finally:
            with self._lock:
                del self._live[execution.id]
            if kept is None:
                session.close()

    def _run_parts(self, execution: Execution, values: dict[str, str], session: Session) -> None:
        execution.whole.move(states.STARTED)
        self.history.save(execution)
        texts = [part.sql for part in execution.parts]
        if execution.is_batch and execution.mode != AUTO_COMMIT:
            session.run_batch(texts, values, lambda place, run: self._run_part(execution, place, run))
            self._end(execution, states.FINISHED)
            return
        errors = []
        for place, text in enumerate(texts):
            try:
                self._run_part(execution, place, partial(session.run, text, values))
            except SqlError as error:
                if not execution.is_batch:
                    raise
                errors.append(f"Query #{place + 1} failed with ERROR: {error}")
        self._end(execution, states.FAILED if errors else states.FINISHED, "; ".join(errors))

    def _run_part(self, execution: Execution, place: int, run: Callable[[Path], Answer]) -> None:
        part = execution.parts[place]
        part.move(states.STARTED)
        try:
            answer = run(self.history.result_file(execution, place + 1))
        except SqlError as error:
            part.move(states.FAILED, f"ERROR: {error}")
            if execution.is_batch and execution.mode != AUTO_COMMIT:
                raise SqlError(f"Query #{place + 1} failed with ERROR: {error}") from error
            raise
        part.query_id, part.rows, part.size, part.columns = answer.query_id, answer.rows, answer.size, answer.columns
        part.move(states.FINISHED)

    def _fail(self, execution: Execution, error: Exception) -> None:
        if isinstance(error, StatementCancelledError):
            self._end(execution, states.ABORTED, _CANCELLED)
            return
        if isinstance(error, SqlError):
            text = str(error)
            self._end(execution, states.FAILED, text if text.startswith(("Query #", "FATAL: ")) else f"ERROR: {text}")
            return
        _log.error("statement %s failed", execution.id, exc_info=error)
        self._end(execution, states.FAILED, f"Internal error: {type(error).__name__}: {error}")

    def _end(self, execution: Execution, status: str, error: str = "") -> None:
        """End an execution; statements of a batch that have not run become ABORTED."""
        for part in execution.parts:
            if part.status not in ENDED:
                part.move(states.ABORTED if execution.is_batch else status, "" if execution.is_batch else error)
        first, whole = execution.parts[0], execution.whole
        if not execution.is_batch:
            whole.query_id, whole.rows, whole.size, whole.columns = (
                first.query_id, first.rows, first.size, first.columns,
            )  # fmt: skip
        # Release the session before a client can see the end and use the session for its next statement.
        self.sessions.give_back(execution.session_id)
        whole.move(status, error)
        self.history.save(execution)
