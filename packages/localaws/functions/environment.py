"""Execution environments: each is one process that runs one invocation at a time."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from localaws.functions.descendants import ProcessTable
from localaws.functions.runtime_api import Invocation, Report, RuntimeApi

LAUNCHER = Path(__file__).parent / "process" / "launcher.py"
INIT_SECONDS = 10.0
_END_SECONDS = 5.0
_PAUSE = 0.1
_MEGABYTE = 1 << 20
_LARGEST_OUTPUT = 1 << 20
_processes = ProcessTable()


@dataclass(frozen=True)
class Blueprint:
    """Everything needed to start a process of one version: paths of ``sys.path`` in order, the last of them after
    Python's.

    ``memory`` is in megabytes, ``timeout`` in seconds. ``shown`` pairs folders with their names on AWS, for errors.
    ``tmp`` is the size in megabytes of a ``/tmp`` of its own, 0 for none; ``needed`` are the folders that the process
    reads: they stay where they are, also below ``/tmp``.
    """

    interpreter: str
    handler: str
    paths: tuple[str, ...]
    task_root: str
    variables: dict[str, str]
    memory: int
    timeout: int
    shown: tuple[tuple[str, str], ...] = ()
    tmp: int = 0
    needed: tuple[str, ...] = ()

    def with_aws_paths(self, text: str) -> str:
        """Return a text with local folders replaced by their names on AWS."""
        for folder, name in self.shown:
            text = text.replace(f"{folder}/", f"{name}/")
        return text


@dataclass(frozen=True)
class Outcome:
    """End of an invocation.

    ``kind`` is ``response``, ``error``, ``init error``, ``exit``, ``timeout`` or ``memory``. ``exit_code`` is that of
    the process, if it ended.
    """

    kind: str
    body: bytes = b""
    exit_code: int = 0


class Environment:
    """One process and its folder. At most one thread uses it at a time."""

    def __init__(self, blueprint: Blueprint, folder: Path) -> None:
        self.blueprint = blueprint
        self.idle_since = time.monotonic()
        self.init_seconds = 0.0
        self.peak = 0
        self._folder = folder
        self._offset = 0
        self._api = RuntimeApi()
        self._is_ready = False
        folder.mkdir(parents=True)
        self._started = time.monotonic()
        self._process = self._start()
        self._runtime: psutil.Process | None = None

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def run(self, invocation: Invocation, timeout: float, on_output: Callable[[], None]) -> Outcome:
        """Run one invocation to its end. After any outcome except response and error the process has ended.

        ``timeout`` in seconds counts from here, after the process has loaded the handler. ``on_output`` is called
        several times per second, to collect output.
        """
        self._api.offer(invocation)
        outcome = self._wait(("response", "error"), time.monotonic() + timeout, on_output)
        if outcome.kind not in ("response", "error"):
            self.kill()
        return outcome

    def initialize(self, on_output: Callable[[], None]) -> Outcome | None:
        """Wait until the handler is loaded. Return the outcome if that failed, else None."""
        if self._is_ready:
            return None
        outcome = self._wait(("ready",), self._started + INIT_SECONDS + self.blueprint.timeout, on_output)
        if outcome.kind == "ready":
            self._is_ready = True
            self.init_seconds = time.monotonic() - self._started
            return None
        self.kill()
        return outcome

    def output(self) -> list[str]:
        """Return the complete lines since the last call; at the end of the process also an incomplete last line."""
        path = self._folder / "output"
        with path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        end = len(data) if not self.alive else data.rfind(b"\n") + 1
        self._offset += end
        if self._offset > _LARGEST_OUTPUT and end == len(data):
            os.truncate(path, 0)
            self._offset = 0
        lines = data[:end].decode(errors="replace").split("\n")
        return [line.replace("\r", "\n") for line in lines if line]

    def kill(self) -> None:
        """End the process and everything it started."""
        if self._process.stdin:
            self._process.stdin.close()  # the launcher then ends everything, in whatever process group it is
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End the process, and remove its folder."""
        self.kill()
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        plan = self.blueprint
        variables = {**plan.variables, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        private = [str(plan.tmp), os.pathsep.join(plan.needed)] if plan.tmp else []
        if not private:
            temporary = self._folder / "tmp"
            temporary.mkdir()
            variables["TMPDIR"] = str(temporary)
        # Later processes of the same package reuse the compiled bytecode: compiling takes most of a start's time.
        command = [plan.interpreter, "-S", "-s", str(LAUNCHER), os.pathsep.join(plan.paths), plan.handler, *private]
        with (self._folder / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=plan.task_root,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait(self, kinds: tuple[str, ...], deadline: float, on_output: Callable[[], None]) -> Outcome:
        """Wait for a report, the end of the process, the deadline, or memory use above the limit."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return Outcome("timeout")
            try:
                report = self._api.reports.get(timeout=min(_PAUSE, left))
            except queue.Empty:
                if problem := self._problem():
                    return problem
                on_output()
                continue
            if report.kind in kinds:
                self._measure(())
                return Outcome(report.kind, report.body)
            if report.kind == "init error":
                return Outcome("init error", report.body)

    def _problem(self) -> Outcome | None:
        """Return the outcome if the process has ended, or None while it runs."""
        if not self.alive:
            report = self._final_report()
            return Outcome(report.kind, report.body) if report else Outcome("exit", exit_code=self._process.returncode)
        if self._measure(self._children()) > self.blueprint.memory * _MEGABYTE:
            return Outcome("memory", exit_code=128 + signal.SIGKILL)
        return None

    def _final_report(self) -> Report | None:
        with suppress(queue.Empty):
            while True:
                report = self._api.reports.get_nowait()
                if report.kind in ("response", "error", "init error"):
                    return report
        return None

    def _children(self) -> Iterable[psutil.Process]:
        return _processes.descendants(self._runtime.pid) if self._runtime else ()

    def _measure(self, children: Iterable[psutil.Process]) -> int:
        """Return the bytes in use by the runtime and its children, and update the peak."""
        held = 0
        with suppress(psutil.Error):
            if self._runtime is None:
                self._runtime = next(iter(psutil.Process(self._process.pid).children()), None)
            held = self._runtime.memory_info().rss if self._runtime else 0
        for child in children:
            with suppress(psutil.Error):
                held += child.memory_info().rss
        self.peak = max(self.peak, held)
        return held
