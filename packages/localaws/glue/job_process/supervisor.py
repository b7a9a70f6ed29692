"""The parent of one worker: ``python supervisor.py RUN_ID PYTHON WORKER ARGUMENT...``.

The server writes to its standard input. The line ``stop`` or the end of input (the server has ended, for whatever
reason) kills the worker and everything that the worker started; any other line is passed on to the worker. The
supervisor exits with the worker's status, or with 128 + n if signal n ended the worker.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from typing import IO

import psutil

# Every process of a run has this variable in its environment, so that a process that left the tree is still found.
MARKER = "LOCALAWS_RUN_ID"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_KILL_DEADLINE = 20.0


def kill_run(run_id: str, root: int | None = None) -> None:
    """Kill every process below ``root`` and every process marked with ``run_id``, until none is left.

    Raises TimeoutError if a process survives SIGKILL (in uninterruptible sleep).
    """
    deadline = time.monotonic() + _KILL_DEADLINE
    while victims := _processes_of_run(run_id, root):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(v.pid for v in victims)} of run {run_id} survive SIGKILL")
        for victim in victims:
            _kill(victim)
        psutil.wait_procs(victims, timeout=1)


def _processes_of_run(run_id: str, root: int | None) -> set[psutil.Process]:
    processes = {process for process in psutil.process_iter() if _marked(process, run_id)}
    if root is not None and psutil.pid_exists(root):
        processes |= set(psutil.Process(root).children(recursive=True))
    return {process for process in processes if process.pid not in (os.getpid(), root) and not _is_zombie(process)}


def _marked(process: psutil.Process, run_id: str) -> bool:
    try:
        return process.environ().get(MARKER) == run_id
    except (psutil.Error, OSError):
        return False


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def process_control(option: int, value: int) -> None:
    """Call Linux's prctl; on other systems only the pipes and the environment marker keep track of processes."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that it is found and killed with the rest."""
    process_control(_PR_SET_CHILD_SUBREAPER, 1)


def _die_with_parent() -> None:
    process_control(_PR_SET_PDEATHSIG, 9)


def _listen(server: IO[bytes], worker: subprocess.Popen[bytes], run_id: str) -> None:
    assert worker.stdin is not None
    for line in server:
        if line == b"stop\n":
            break
        worker.stdin.write(line)
        worker.stdin.flush()
    kill_run(run_id, os.getpid())


def main(run_id: str, command: list[str]) -> int:
    """Run ``command`` to its end; leave no process behind."""
    _adopt_orphans()
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, preexec_fn=_die_with_parent)  # noqa: PLW1509
    threading.Thread(target=_listen, args=(sys.stdin.buffer, worker, run_id), daemon=True).start()
    status = worker.wait()
    kill_run(run_id, os.getpid())
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # not sys.exit(): the listening thread may be blocked reading standard input
    os._exit(main(sys.argv[1], sys.argv[2:]))
