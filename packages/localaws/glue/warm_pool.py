"""Processes that are started before their run is known: each serves one run and is replaced in the background."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from localaws.glue.errors import PreparationError
from localaws.glue.job_run import new_run_id
from localaws.glue.process import JobProcess

_log = logging.getLogger(__name__)
_WARM_UP_DEADLINE = 300.0
# A replacement is started only after this many seconds without an active run, so that it does not take the cores of the
# runs or of the next step of their pipeline ...
_QUIET = 5.0
# ... but at the latest after this many seconds.
_LONGEST_WAIT = 60.0
_PAUSE = 0.1


class WarmPool:
    """Keeps ``size`` processes ready; ``start_process`` starts one, ``busy`` returns whether runs are active.

    ``prepare`` is called once, before the first process is started; its argument returns whether the pool is stopped.
    """

    def __init__(
        self,
        size: int,
        folder: Path,
        start_process: Callable[[str, Path], JobProcess],
        busy: Callable[[], bool],
        prepare: Callable[[Callable[[], bool]], None],
    ) -> None:
        self._size, self._folder, self._start_process, self._busy = size, folder, start_process, busy
        self._prepare = prepare
        self._processes: list[JobProcess] = []
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._busy_at = -_QUIET
        self._thread = threading.Thread(target=self._fill, name="warm pool", daemon=True)

    def start(self) -> None:
        if self._size:
            self._wanted.set()
            self._thread.start()

    def take(self) -> JobProcess | None:
        """A ready process, or None; its run ID becomes the ID of the run that it serves."""
        with self._lock:
            ready = (process for process in self._processes if process.resident() is not None and process.alive)
            process = next(ready, None)
            if process:
                self._processes.remove(process)
        self._busy_at = time.monotonic()  # the run, cold or warm, is active a little later
        self._wanted.set()
        return process

    def stop(self) -> None:
        """End the waiting processes and start no more."""
        self._stopped.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()
        while self._processes:
            self._discard(self._processes.pop())

    def _fill(self) -> None:
        self._wait_until_quiet()
        try:
            self._prepare(self._stopped.is_set)
        except (PreparationError, OSError) as error:
            _log.warning("Glue processes start without a class archive, which takes longer: %s", error)
        while self._wanted.wait() and not self._stopped.is_set():
            self._wanted.clear()
            self._drop_dead()
            while len(self._processes) < self._size and not self._stopped.is_set():
                self._wait_until_quiet()
                if not self._add():
                    break

    def _wait_until_quiet(self) -> None:
        deadline = time.monotonic() + _LONGEST_WAIT
        while not self._stopped.is_set():
            now = time.monotonic()
            if self._busy():
                self._busy_at = now
            if now >= min(deadline, self._busy_at + _QUIET):
                return
            self._stopped.wait(_PAUSE)

    def _add(self) -> bool:
        run_id = new_run_id()
        try:
            process = self._start_process(run_id, self._folder / run_id)
        except (PreparationError, OSError) as error:
            _log.warning("no warm Glue process, runs start cold: %s", error)
            return False
        with self._lock:
            self._processes.append(process)
        if resident := self._wait_until_ready(process):
            _log.info("a warm Glue process is ready and uses %d MiB of memory", resident >> 20)
            return True
        with self._lock:
            if process not in self._processes:  # taken the moment it was ready
                return True
            self._processes.remove(process)
        if not self._stopped.is_set():
            reason = process.error.read_text(errors="replace")[-1000:]
            _log.warning("a warm Glue process did not get ready, runs start cold: %s", reason)
        self._discard(process)
        return False

    def _wait_until_ready(self, process: JobProcess) -> int | None:
        deadline = time.monotonic() + _WARM_UP_DEADLINE
        while process.alive and time.monotonic() < deadline and not self._stopped.wait(_PAUSE):
            if resident := process.resident():
                return resident
        return None

    def _drop_dead(self) -> None:
        with self._lock:
            dead = [process for process in self._processes if not process.alive]
            self._processes = [process for process in self._processes if process not in dead]
        for process in dead:
            self._discard(process)

    def _discard(self, process: JobProcess) -> None:
        process.stop()
        shutil.rmtree(process.folder, ignore_errors=True)
