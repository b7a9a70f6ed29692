"""Times at which the warm pool starts a process: at once, but not during runs, nor shortly after them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localaws.glue import warm_pool
from localaws.glue.process import JobProcess
from localaws.glue.warm_pool import WarmPool

QUIET, PATIENCE, SOON = 5.0, 60.0, 20.0


class Server:
    """A server with its own clock: whether a run is active, and how many processes its pool has started."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.active = False
        self.started = 0
        self._start_told, self._asked = threading.Semaphore(0), threading.Semaphore(0)
        self.pool = WarmPool(1, folder, self._start, self._is_busy, lambda is_stopped: None)

    def _start(self, run_id: str, folder: Path) -> JobProcess:
        self.started += 1
        self._start_told.release()
        process = SimpleNamespace(run_id=run_id, folder=folder, alive=True, resident=lambda: 1, stop=lambda: None)
        return cast(JobProcess, cast(Any, process))

    def _is_busy(self) -> bool:
        self._asked.release()
        return self.active

    def wait_for_start(self) -> None:
        assert self._start_told.acquire(timeout=SOON), "no process was started"

    def take(self) -> None:
        """Take the started process, which the pool offers a moment later."""
        deadline = time.monotonic() + SOON
        while self.pool.take() is None:
            assert time.monotonic() < deadline, "the process that was started is not offered"

    def let_it_look(self) -> None:
        """Return once the pool has checked whether runs are active, and has acted on the result."""
        while self._asked.acquire(blocking=False):
            pass
        for _ in range(3):
            assert self._asked.acquire(timeout=SOON), "the pool does not ask whether runs are active"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    fake_server = Server(tmp_path)
    monkeypatch.setattr(warm_pool, "time", SimpleNamespace(monotonic=lambda: fake_server.now))
    monkeypatch.setattr(warm_pool, "_PAUSE", 0.005)
    yield fake_server
    fake_server.pool.stop()


@pytest.fixture
def taken(server: Server) -> Server:
    """A server whose only warm process now serves a run."""
    server.pool.start()
    server.wait_for_start()
    server.active = True
    server.take()
    return server


def test_without_runs_the_first_process_is_started_at_once(server: Server) -> None:
    server.pool.start()
    server.wait_for_start()


def test_the_first_process_waits_during_a_run_that_cannot_use_it(server: Server) -> None:
    server.active = True
    server.pool.start()
    server.let_it_look()
    assert server.started == 0


def test_a_replacement_waits_for_a_moment_without_runs(taken: Server) -> None:
    taken.now += 2 * QUIET
    taken.let_it_look()
    taken.active = False
    taken.now += QUIET - 0.1
    taken.let_it_look()
    assert taken.started == 1
    taken.now += 0.1
    taken.wait_for_start()


def test_a_long_run_delays_a_replacement_only_for_a_limited_time(taken: Server) -> None:
    taken.let_it_look()
    assert taken.started == 1
    taken.now += PATIENCE
    taken.wait_for_start()
