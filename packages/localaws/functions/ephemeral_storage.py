"""Whether functions can have a ``/tmp`` of their own on this machine, and what they keep of what is below it."""

from __future__ import annotations

import logging
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
    """Return why functions share this machine's ``/tmp``, empty where they do not; tried and logged once."""
    with _lock:
        return _problem()


def needed_folders(interpreter: str, home: Path, libraries: Path) -> tuple[str, ...]:
    """Folders that a function's process reads: the home, its Python, the libraries of the runtime, and its programs."""
    programs = (Path(interpreter), Path(interpreter).resolve())
    linked = [link.resolve().parent for link in libraries.iterdir()]
    folders = {home.absolute(), _PROGRAM.parent, *(program.parent.parent for program in programs), *linked}
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
