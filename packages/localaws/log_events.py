"""Events of CloudWatch log streams: one file per stream, so that a new event does not rewrite all other events."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from moto.logs.models import LogEvent

from localaws.errors import HomeStateError
from localaws.home import replace_file

# Ingestion time and event time in milliseconds since the epoch; message; ID.
_Row = tuple[int, int, str, int]


class LogEvents:
    """Files of events in one folder. The caller of :meth:`save` must hold the lock of the service's state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Number of events in each stream's file. Events are only added: if the number is equal, the file is up to date.
        self._saved: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def save(self, streams: Iterable[Any]) -> None:
        """Write the streams that are new or have new events."""
        for stream in streams:
            rows = [(e.ingestion_time, e.timestamp, e.message, e.event_id) for e in list(stream.events)]
            if len(rows) != self._saved.get(stream):
                self._folder.mkdir(exist_ok=True)
                replace_file(self._path(stream), pickle.dumps(rows))
                self._saved[stream] = len(rows)

    def load(self, streams: Iterable[Any]) -> None:
        """Load the stored events into the streams. Raises HomeStateError for a file that cannot be read."""
        for stream in streams:
            path = self._path(stream)
            rows = _rows(path) if path.exists() else []
            stream.events = [_event(row) for row in rows]
            self._saved[stream] = len(rows)

    def keep_only(self, streams: Iterable[Any]) -> None:
        """Remove the files of streams that were deleted."""
        kept = {self._path(stream) for stream in streams}
        for path in self._folder.glob("*.pickle"):
            if path not in kept:
                path.unlink()

    def _path(self, stream: Any) -> Path:
        return self._folder / f"{hashlib.sha256(stream.arn.encode()).hexdigest()}.pickle"


def streams_of(backends: Iterable[Any]) -> Iterator[Any]:
    """Return every stream of the Logs backends."""
    for backend in backends:
        for group in list(backend.groups.values()):
            yield from list(group.streams.values())


def _rows(path: Path) -> list[_Row]:
    try:
        rows: list[_Row] = pickle.loads(path.read_bytes())
    except (pickle.UnpicklingError, EOFError) as error:
        raise HomeStateError(path, repr(error)) from error
    return rows


def _event(row: _Row) -> Any:
    event = LogEvent(row[0], {"timestamp": row[1], "message": row[2]})
    event.event_id = row[3]
    LogEvent._event_id = max(LogEvent._event_id, row[3] + 1)
    return event
