"""Python interpreters of the runtimes, and the libraries that a runtime brings besides the function's own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from localaws.functions.errors import refused

# What AWS's Python runtimes hold besides the standard library: boto3 with what it needs, and the runtime's client.
LIBRARIES = (
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3",
    "awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson",
)  # fmt: skip
RUNTIMES = ("python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
_OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"


@cache
def interpreter(runtime: str) -> str:
    """Path of the interpreter of a runtime; raises LambdaError where this machine has none."""
    if runtime not in RUNTIMES:
        raise refused(f"Runtime {runtime}", f"it runs {', '.join(RUNTIMES)}")
    found = sys.executable if runtime == _OWN else shutil.which(runtime)
    if not found:
        raise refused(f"Runtime {runtime}", f"there is no {runtime} on the PATH; {_OWN} is this server's own")
    return found


def library_folder(folder: Path) -> Path:
    """A folder of links to :data:`LIBRARIES`, and to nothing else that this server can import."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in LIBRARIES:
        source = _source(name)
        if source is None:
            continue
        link = folder / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            with suppress(FileExistsError):
                link.symlink_to(source)
    return folder


def _source(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return None
    path = Path(spec.origin)
    return path.parent if re.fullmatch(r"__init__\.py", path.name) else path
