"""Runs one contestant in a separate process and measures its cost."""

from __future__ import annotations

import multiprocessing
import re
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, Self

import psutil

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MEGABYTE = 1 << 20
DUCKDB = "duckdb"
MODULES = {"estrela": "engine", DUCKDB: "duck"}
"""Modules of contestants whose module name differs from their name."""


class Work(Protocol):
    """The task; results are written below ``out``."""

    @property
    def out(self) -> Path: ...

    def into(self, out: Path) -> Self:
        """Return the same task with another folder for the results."""


class Output(Protocol):
    """Result of a task, with the seconds of its parts."""

    @property
    def seconds(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds (user and system, all processes) of the timed run, and memory in MB, warm-up included.

    ``resident`` is the peak of all processes together, ``python`` the peak of the driver's process. ``heap_after_gc``
    is the maximum that any collection left in the JVM's heap, ``live`` the heap after a full collection at the end;
    both are 0 without a JVM.
    """

    wall: float
    cpu: float
    resident: float = 0
    python: float = 0
    heap_after_gc: float = 0
    live: float = 0


@dataclass
class Peak:
    """Peaks of resident memory, in MB."""

    tree: float = 0
    root: float = field(default=0)


def contest(package: str, name: str, heap: str, warm_ups: Sequence[Work], work: Work) -> tuple[Output, Cost]:
    """Let the contestant ``name`` of ``package`` run each of ``warm_ups`` and then, timed, ``work``.

    Raises RuntimeError with its traceback if it fails.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=_child, args=(package, name, heap, warm_ups, work, theirs))
    child.start()
    theirs.close()
    try:
        with peak_of(child.pid or 0) as peak:
            answer = ours.recv()
    except EOFError:
        answer = f"{name} ended without an answer"
    finally:
        child.join(60)
        child.kill()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    output, cost = answer
    return output, Cost(**{**vars(cost), "resident": peak.tree, "python": peak.root})


def _child(package: str, name: str, heap: str, warm_ups: Sequence[Work], work: Work, answer: Connection) -> None:
    try:
        run = import_module(f"{package}.{MODULES.get(name, name)}").run
        answer.send(_duckdb(run, warm_ups, work) if name == DUCKDB else _spark(run, heap, warm_ups, work))
    except Exception:  # noqa: BLE001 the parent shows it
        answer.send(traceback.format_exc())


def _duckdb(run: Callable[[Work], Output], warm_ups: Sequence[Work], work: Work) -> tuple[Output, Cost]:
    for warm_up in warm_ups:
        run(warm_up)
    return _timed(lambda: run(work))


def _spark(
    run: Callable[[SparkSession, Work], Output], heap: str, warm_ups: Sequence[Work], work: Work
) -> tuple[Output, Cost]:
    from contest.session import session

    work.out.mkdir(parents=True)
    gc_log = work.out / "gc.log"
    spark = session(work.out / "lake", heap, gc_log)

    def in_a_lake_of_its_own(each: Work) -> Output:
        fresh = spark.newSession()
        fresh.conf.set("spark.sql.catalog.lake.warehouse", (each.out / "lake").as_uri())
        return run(fresh, each)

    for warm_up in warm_ups:
        in_a_lake_of_its_own(warm_up)
    output, cost = _timed(lambda: in_a_lake_of_its_own(work))
    spark._jvm.System.gc()
    memory = spark._jvm.java.lang.management.ManagementFactory.getMemoryMXBean()
    live = memory.getHeapMemoryUsage().getUsed() / MEGABYTE
    spark.stop()
    return output, Cost(cost.wall, cost.cpu, heap_after_gc=_after_gc(gc_log), live=live)


def _timed(run: Callable[[], Output]) -> tuple[Output, Cost]:
    cpu, start = _cpu_seconds(), perf_counter()
    output = run()
    return output, Cost(perf_counter() - start, _cpu_seconds() - cpu)


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of all that it started, including those that have ended."""
    me = psutil.Process()
    return sum(map(_spent, (me, *me.children(recursive=True))))


def _spent(process: psutil.Process) -> float:
    """Return user and system seconds of a process and of its ended children; 0 if the process no longer exists."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0


def _after_gc(log: Path) -> float:
    """Return the largest heap in MB after any collection, from the JVM's log."""
    return max((float(left) for left in re.findall(r"\d+M->(\d+)M\(", log.read_text())), default=0)


@contextmanager
def peak_of(pid: int) -> Iterator[Peak]:
    """Sample the memory of a process and its descendants, five times per second."""
    root, peak, stop = psutil.Process(pid), Peak(), threading.Event()

    def sample() -> None:
        while not stop.wait(0.2):
            own = _resident(root)
            peak.root = max(peak.root, own)
            peak.tree = max(peak.tree, own + sum(_resident(child) for child in _children(root)))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return children


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss / MEGABYTE)
    except psutil.NoSuchProcess:
        return 0
