"""``--additional-python-modules``: each set of modules is installed once, into its own folder."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

from uv import find_uv_bin

from localaws.glue.errors import PreparationError
from localaws.glue.run_files import fetch, listed
from localaws.s3.store import ObjectStore

_INSTALL_DEADLINE = 600
_ZIP_OF_WHEELS = ".gluewheels.zip"
# In uv's plan, "+" marks a new module (" + name==1.0" or " + name @ file:///...") and "~" a reinstalled one.
_PLANNED = re.compile(r"^ [+~] (\S+==\S+|\S+ @ \S+)$", re.MULTILINE)


def install_modules(store: ObjectStore, modules: str, options: str, cache: Path) -> Path | None:
    """The folder with ``modules`` and their dependencies that the environment lacks; None if ``modules`` is empty.

    ``modules`` are comma-separated names with versions and ``s3://`` wheels, requirements.txt files or zips of wheels;
    the wheels also serve as an index. Of the installer's ``options``, only ``--no-index`` has an effect: PyPI is not
    used. The folder's name is the hash of the names and of the files' bytes. Raises PreparationError with the
    installer's own message.
    """
    names = listed(modules)
    if not names:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".wheels-") as wheels:
        wanted = [_requirement(store, name, Path(wheels)) for name in names]
        index = ["--no-index"] if "--no-index" in shlex.split(options) else []
        folder = cache / _fingerprint([*index, *wanted])
        if not folder.exists():
            _install([word for name in wanted for word in _arguments(name)] + index, folder, names)
    return folder


def _requirement(store: ObjectStore, name: str, folder: Path) -> str:
    if not name.startswith("s3://"):
        return name
    # One folder per file, because two files may have the same name.
    return str(fetch(store, name, Path(tempfile.mkdtemp(dir=folder))))


def _arguments(wanted: str) -> list[str]:
    """Return the installer's arguments for a module, a wheel, a list of modules, or all wheels of a zip."""
    if wanted.endswith(_ZIP_OF_WHEELS):
        return _unpacked(Path(wanted))
    return ["-r", wanted] if wanted.endswith(".txt") else [wanted]


def _unpacked(archive: Path) -> list[str]:
    """Unpack ``wheels/`` and return arguments that install its requirements.txt, or every wheel if it has none.

    https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html (Appendix A)
    """
    try:
        with zipfile.ZipFile(archive) as content:
            content.extractall(archive.parent)
    except zipfile.BadZipFile as error:
        raise PreparationError(f"--additional-python-modules: {archive.name} is not a zip archive") from error
    wheels = archive.parent / "wheels"
    wheel_files = sorted(str(wheel) for wheel in wheels.glob("*.whl"))
    if not wheel_files:
        raise PreparationError(f"--additional-python-modules: {archive.name} contains no wheel in its folder wheels/")
    requirements = wheels / "requirements.txt"
    named = ["-r", str(requirements)] if requirements.exists() else wheel_files
    return ["--find-links", str(wheels), *named]


def _fingerprint(wanted: list[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for requirement in wanted:
        path = Path(requirement)
        digest.update(path.name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def _install(arguments: list[str], folder: Path, names: list[str]) -> None:
    """Plan against the environment, so that installed modules are skipped as by Glue's pip, then install the rest."""
    needed = _PLANNED.findall(_uv(names, "--dry-run", *arguments))
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".partial-"))
    try:
        if needed:
            _uv(names, "--no-deps", "--target", str(partial), *_index(arguments), *needed)
        partial.rename(folder)
    except OSError:
        if not folder.exists():  # else another run installed the same modules first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _index(arguments: list[str]) -> list[str]:
    """Return the options ``--no-index`` and ``--find-links`` that ``arguments`` contain."""
    options = ["--no-index"] if "--no-index" in arguments else []
    places = [after for word, after in pairwise(arguments) if word == "--find-links"]
    return options + [word for place in places for word in ("--find-links", place)]


def _uv(names: list[str], *arguments: str) -> str:
    command = [find_uv_bin(), "pip", "install", "--color=never", "--python", sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALL_DEADLINE)
    if done.returncode:
        reason = " ".join(done.stderr.split())[-1000:]
        raise PreparationError(f"--additional-python-modules: {', '.join(names)} could not be installed: {reason}")
    return done.stderr
