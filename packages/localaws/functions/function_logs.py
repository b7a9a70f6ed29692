"""Output of functions, in CloudWatch Logs."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from moto.logs.models import logs_backends

from localaws.moto_state import StateNotSavedError

_log = logging.getLogger(__name__)
_SAVE_SECONDS = 1.0


class FunctionLogs:
    """Writes log events. ``save`` stores them at most once per second, because it stores all of CloudWatch Logs."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._save_changes, name="function logs", daemon=True)
        self._thread.start()

    def write(self, account: str, region: str, group: str, stream: str, messages: list[str]) -> None:
        """Add events to a log stream, and create the stream if it does not exist."""
        if not messages:
            return
        backend = logs_backends[account][region]
        with self._lock:
            backend.ensure_log_group(group)
            backend.ensure_log_stream(group, stream)
            now = int(time.time() * 1000)
            backend.put_log_events(group, stream, [{"timestamp": now, "message": message} for message in messages])
        self._changed.set()

    def stop(self) -> None:
        """Store the events that are not stored yet."""
        self._stopped.set()
        self._changed.set()
        self._thread.join()

    def _save_changes(self) -> None:
        is_last = False
        while not is_last:
            self._changed.wait()
            self._changed.clear()  # before the pause, or a stop during it would be missed
            is_last = self._stopped.wait(_SAVE_SECONDS)
            try:
                self._save()
            except (OSError, StateNotSavedError) as error:
                _log.warning("the log events of functions are not stored: %s", error)


def new_stream(version: str) -> str:
    """Return the name of the log stream of a new environment."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"
