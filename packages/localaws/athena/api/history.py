"""The history of all query executions, under ``HOME/queries``."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from pathlib import Path

from localaws.athena.execution import FAILED, FINAL, Execution
from localaws.home import replace_file


class History:
    """Executions of one home, newest first; each is a JSON file, written before the request is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executions: dict[str, Execution] = {}
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read the stored executions; a query that was running when the server ended becomes FAILED."""
        stored = [Execution(**json.loads(path.read_text())) for path in self._folder.glob("*.json")]
        for execution in sorted(stored, key=lambda e: e.submitted):
            self._executions[execution.id] = execution
            if execution.state not in FINAL:
                execution.state, execution.reason = FAILED, "Internal error: the server stopped while the query ran"
                execution.completed = time.time()
                self.save(execution)

    def save(self, execution: Execution) -> None:
        replace_file(self._folder / f"{execution.id}.json", json.dumps(asdict(execution)).encode())

    def add(self, execution: Execution) -> Execution:
        """Store a new execution, or return the earlier execution with the same request token."""
        with self._lock:
            if execution.token:
                for known in self._executions.values():
                    if known.token == execution.token:
                        return known
            self.save(execution)
            self._executions[execution.id] = execution
        return execution

    def get(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    def of_workgroup(self, workgroup: str) -> list[Execution]:
        with self._lock:
            newest_first = reversed(list(self._executions.values()))
        return [execution for execution in newest_first if execution.workgroup == workgroup]
