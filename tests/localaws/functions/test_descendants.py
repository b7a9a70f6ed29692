"""The process table, from which the memory of a function's child processes is counted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import psutil
import pytest
from waiting import eventually

from localaws.functions.descendants import ProcessTable


@pytest.fixture
def parents() -> Iterator[tuple[int, int]]:
    """Yield two processes, each with a child that has a child."""
    command = ["sh", "-c", "sh -c 'sleep 60 & wait' & wait"]
    started = [subprocess.Popen(command) for _ in range(2)]
    yield started[0].pid, started[1].pid
    for process in started:
        for child in [*psutil.Process(process.pid).children(recursive=True), process]:
            child.kill()
        process.wait()


def test_a_process_has_the_descendants_that_the_system_lists(parents: tuple[int, int]) -> None:
    def listed(pid: int) -> set[psutil.Process]:
        return set(psutil.Process(pid).children(recursive=True))

    eventually(lambda: all(len(listed(pid)) == 2 for pid in parents))
    table = ProcessTable()
    for pid in parents:
        assert set(table.descendants(pid)) == listed(pid)
    (grandchild,) = [process for process in listed(parents[0]) if not process.children()]
    assert table.descendants(grandchild.pid) == []
