"""The statements of one home: one JSON file each, written before the client gets a response."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from pathlib import Path

from localaws.home import replace_file
from localaws.redshift.api.execution import ENDED, FAILED, Execution, Part

KEPT_SECONDS = 24 * 3600
TOKEN_SECONDS = 8 * 3600
_STOPPED = "Internal error: the server stopped while the statement ran"


class History:
    """Executions by ID, in the order of their requests; results are kept for 24 hours, as in AWS."""

    def __init__(self, folder: Path) -> None:
        self._statements, self._results = folder / "statements", folder / "results"
        self._executions: dict[str, Execution] = {}
        self._changed = threading.Condition()

    def load(self) -> None:
        """Read the stored executions; those that were running when the server ended become FAILED."""
        for folder in (self._statements, self._results):
            folder.mkdir(parents=True, exist_ok=True)
        stored = [_read(path) for path in self._statements.glob("*.json")]
        for execution in sorted(stored, key=lambda record: record.whole.created):
            if execution.whole.created < time.time() - KEPT_SECONDS:
                self._forget(execution)
                continue
            self._executions[execution.id] = execution
            if execution.whole.status not in ENDED:
                for part in (*execution.parts, execution.whole):
                    if part.status not in ENDED:
                        part.move(FAILED, _STOPPED)
                self.save(execution)

    def add(self, execution: Execution) -> None:
        """Store a new execution."""
        with self._changed:
            self._write(execution)
            self._executions[execution.id] = execution

    def of_token(self, token: str) -> Execution | None:
        """The execution that a client token started in the last 8 hours; None if there is none."""
        oldest = time.time() - TOKEN_SECONDS
        executions = [known for known in self.newest_first() if token and known.token == token]
        return executions[0] if executions and executions[0].whole.created > oldest else None

    def save(self, execution: Execution) -> None:
        """Store a change, and wake the threads that wait for it."""
        with self._changed:
            self._write(execution)
            self._changed.notify_all()

    def wait(self, execution: Execution, seconds: float) -> None:
        """Wait until the execution has ended, at most ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: execution.whole.status in ENDED, timeout=seconds)

    def get(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    def newest_first(self) -> list[Execution]:
        with self._changed:
            return list(reversed(self._executions.values()))

    def result_file(self, execution: Execution, number: int) -> Path:
        """Return the file with the rows of one statement; the first statement has number 1."""
        return self._results / f"{execution.id}.{number}.jsonl"

    def _write(self, execution: Execution) -> None:
        replace_file(self._statements / f"{execution.id}.json", json.dumps(asdict(execution)).encode())

    def _forget(self, execution: Execution) -> None:
        (self._statements / f"{execution.id}.json").unlink(missing_ok=True)
        for path in self._results.glob(f"{execution.id}.*"):
            path.unlink(missing_ok=True)


def _read(path: Path) -> Execution:
    fields = json.loads(path.read_text())
    fields["parts"] = [Part(**part) for part in fields["parts"]]
    fields["whole"] = Part(**fields["whole"])
    return Execution(**fields)
