"""DuckDB in the server's process as Athena's engine."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.athena.embedded.sessions import Sessions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from localaws.athena.embedded.run import EmbeddedRun
    from localaws.athena.failures import Failure


class EmbeddedEngine:
    """An :class:`~localaws.athena.engine.Engine` that compiles Athena's SQL to DuckDB's.

    pyarrow, PyIceberg, DuckDB and the compiler are imported with the first statement, not with the server.
    """

    def __init__(self, temporary: Path) -> None:
        self._sessions = Sessions(temporary)

    def start(self, aws: WSGIApplication) -> None:
        """Do nothing: a database is opened with the first query, and DuckDB reads the files itself."""

    def preload(self) -> None:
        importlib.import_module("localaws.athena.embedded.run")

    def open(self, limit: int) -> EmbeddedRun:
        from localaws.athena.embedded.run import EmbeddedRun

        return EmbeddedRun(self._sessions.open(limit))

    def explain(self, error: Exception) -> Failure | None:
        from localaws.athena.embedded import failures

        return failures.explain(error)

    def stop(self) -> None:
        self._sessions.close()
