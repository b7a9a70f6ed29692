"""``--additional-python-modules``: installed once for each set of modules, into a folder of their own."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin

from localaws.glue.errors import PreparationError
from localaws.glue.run_files import fetch, listed
from localaws.s3.store import ObjectStore

_INSTALL_DEADLINE = 600
# uv's plan: " + name==1.0" or " + name @ file:///..." is new, "~" is installed again.
_PLANNED = re.compile(r"^ [+~] (\S+==\S+|\S+ @ \S+)$", re.MULTILINE)


def install_modules(store: ObjectStore, modules: str, cache: Path) -> Path | None:
    """The folder with ``modules`` and what they need beyond the environment; None where nothing is asked for.

    ``modules`` are comma-separated names with versions and ``s3://`` wheels or requirements.txt files.
    The folder's name is the hash of the names and of the wheels' bytes.
    Raises PreparationError with the installer's own words.
    """
    names = listed(modules)
    if not names:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".wheels-") as wheels:
        wanted = [_requirement(store, name, Path(wheels)) for name in names]
        folder = cache / _fingerprint(wanted)
        if not folder.exists():
            _install(wanted, folder, names)
    return folder


def _requirement(store: ObjectStore, name: str, folder: Path) -> str:
    if not name.startswith("s3://"):
        return name
    # one folder a wheel: two with the same file name must not meet
    return str(fetch(store, name, Path(tempfile.mkdtemp(dir=folder))))


def _fingerprint(wanted: list[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for requirement in wanted:
        path = Path(requirement)
        digest.update(path.name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def _install(wanted: list[str], folder: Path, names: list[str]) -> None:
    """Plan against the environment, as Glue's pip does (what is there already is not installed again), then install."""
    arguments = [part for name in wanted for part in (("-r", name) if name.endswith(".txt") else (name,))]
    plan = _uv(names, "--dry-run", *arguments)
    needed = _PLANNED.findall(plan)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".partial-"))
    try:
        if needed:
            _uv(names, "--no-deps", "--target", str(partial), *needed)
        partial.rename(folder)
    except OSError:
        if not folder.exists():  # else another run installed the same modules first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _uv(names: list[str], *arguments: str) -> str:
    command = [find_uv_bin(), "pip", "install", "--color=never", "--python", sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_DEADLINE)
    if done.returncode:
        reason = " ".join(done.stderr.split())[-1000:]
        raise PreparationError(f"--additional-python-modules: {', '.join(names)} could not be installed: {reason}")
    return done.stderr
