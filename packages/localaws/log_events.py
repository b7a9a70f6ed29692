"""Events of CloudWatch log streams: one file per stream, to which new events are added."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from moto.logs.models import LogEvent

from localaws.errors import HomeStateError
from localaws.home import replace_file

_log = logging.getLogger(__name__)
# Ingestion time and event time in milliseconds since the epoch; message; ID.
_Row = tuple[int, int, str, int]


class LogEvents:
    """Files of events in one folder, each a sequence of pickles: those stored first, then one per :meth:`save`.

    The caller of :meth:`save` must hold the lock of the service's state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Number of events in each stream's file. Events are only added: if the number is equal, the file is up to date.
        self._saved: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def save(self, streams: Iterable[Any]) -> None:
        """Write the new events, and a file for each stream that has none."""
        for stream in streams:
            saved = self._saved.get(stream, 0)
            rows = [(e.ingestion_time, e.timestamp, e.message, e.event_id) for e in stream.events[saved:]]
            if rows or stream not in self._saved:
                self._folder.mkdir(exist_ok=True)
                write = _append if saved else replace_file
                write(self._path(stream), pickle.dumps(rows))
                self._saved[stream] = saved + len(rows)

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


def _append(path: Path, data: bytes) -> None:
    """Add ``data`` to a file as a whole, unless the process is killed meanwhile."""
    with path.open("ab", buffering=0) as file:
        end = file.tell()
        try:
            while data:
                data = data[file.write(data) :]
        except OSError:
            file.truncate(end)
            raise


def _rows(path: Path) -> list[_Row]:
    """Return the stored rows. What a killed server left of an unfinished write is deleted."""
    rows: list[_Row] = []
    with path.open("rb") as file:
        end, size = 0, path.stat().st_size
        while end < size:
            try:
                rows += pickle.load(file)
            except (pickle.UnpicklingError, EOFError) as error:
                if not end:
                    raise HomeStateError(path, repr(error)) from error
                _log.warning("%s: deleted %d bytes of an unfinished write", path, size - end)
                os.truncate(path, end)
                break
            end = file.tell()
    return rows


def _event(row: _Row) -> Any:
    event = LogEvent(row[0], {"timestamp": row[1], "message": row[2]})
    event.event_id = row[3]
    LogEvent._event_id = max(LogEvent._event_id, row[3] + 1)
    return event
