"""Whether each function can have its own ``/tmp`` on this machine, and which folders must stay visible below it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

DEFAULT_SIZE = 512
_PROGRAM = Path(__file__).parent / "process" / "private_tmp.py"
_log = logging.getLogger(__name__)
_lock = threading.Lock()


def problem() -> str:
    """Return why functions share this machine's ``/tmp``, or an empty text; checked and logged once per process."""
    with _lock:
        return _problem()


def needed_folders(interpreter: str, home: Path, libraries: Path, python_path: str) -> tuple[str, ...]:
    """Return the folders that a function's process reads: the home, Python, the runtime's libraries and programs.

    The folders of ``python_path``, the function's own PYTHONPATH, are among them, except ``/tmp`` itself.
    """
    programs = (Path(interpreter), Path(interpreter).resolve())
    linked = [link.resolve().parent for link in libraries.iterdir()]
    folders = {home.absolute(), _PROGRAM.parent, *(program.parent.parent for program in programs), *linked}
    folders |= {Path(name) for name in python_path.split(os.pathsep) if name} - {Path("/tmp")}  # noqa: S108
    return tuple(sorted(map(str, folders)))


@cache
def _problem() -> str:
    if sys.platform != "linux":
        reason = f"there are no mount namespaces on {sys.platform}"
    else:
        command = [sys.executable, "-S", "-s", str(_PROGRAM), str(DEFAULT_SIZE), ""]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    if reason:
        _log.warning("functions have a TMPDIR of their own, and share this machine's /tmp: %s", reason)
    return reason
