"""A run's output files, sent line by line to CloudWatch Logs while they grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from moto.logs.models import LogsBackend, logs_backends

_PAUSE = 0.1
_CHUNK = 1 << 20
_LONGEST_LINE = 256 * 1024
# moto keeps events in memory, about 0.5 kB each; the file is complete.
_MOST_EVENTS = 200_000


class RunLogs:
    """Follows files on its own thread: the job writes to files, so a slow reader cannot block it."""

    def __init__(self, account: str, region: str, stream: str, files: Mapping[str, Path]) -> None:
        backend = logs_backends[account][region]
        self._followers = [_Follower(backend, group, stream, path) for group, path in files.items()]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"logs {stream}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the remaining lines, then end."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(_PAUSE):
            for follower in self._followers:
                follower.send()
        for follower in self._followers:
            while follower.send():
                pass
            follower.send_rest()


class _Follower:
    """One file and its log group."""

    def __init__(self, backend: LogsBackend, group: str, stream: str, path: Path) -> None:
        self._backend, self._group, self._stream, self._path = backend, group, stream, path
        self._offset = 0
        self._rest = b""
        self._sent = 0
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)

    def send(self) -> bool:
        """Send the whole lines of the next chunk; return False at the end of the file."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read(_CHUNK)
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        self._put(lines)
        return bool(data)

    def send_rest(self) -> None:
        if self._rest:
            self._put([self._rest])

    def _put(self, lines: list[bytes]) -> None:
        now = int(time.time() * 1000)
        kept = lines[: max(0, _MOST_EVENTS - self._sent)]
        messages = [line.decode(errors="replace").rstrip("\r") for line in kept]
        if len(kept) < len(lines) and self._sent <= _MOST_EVENTS:
            messages.append(f"localaws: further lines are only in {self._path}")
        self._sent += len(lines)
        events = [{"timestamp": now, "message": message} for message in messages if message]
        if events:
            self._backend.put_log_events(self._group, self._stream, events)
