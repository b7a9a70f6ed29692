"""Python interpreters of the runtimes, and the libraries that a runtime provides."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from localaws.functions.errors import invalid, refused

# Contents of AWS's Python runtimes besides the standard library: boto3 with its dependencies, and the runtime client.
LIBRARIES = (
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3",
    "awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson",
)  # fmt: skip
RUNTIMES = ("python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14")
# Functions with these runtimes can no longer be created:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated
DEPRECATED = (
    "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "go1.x", "java8", "nodejs",
    "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "provided",
    "python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7",
)  # fmt: skip
_OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"


@cache
def interpreter(runtime: str) -> str:
    """Return the path of a runtime's interpreter. Raises LambdaError if this machine has none."""
    if runtime in DEPRECATED:
        advice = "We recommend you use a supported runtime while creating or updating functions."
        start = (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions."
        )
        raise invalid(f"{start} {advice}")
    if runtime not in RUNTIMES:
        raise refused(f"Runtime {runtime}", f"supported are {', '.join(RUNTIMES)}")
    program = sys.executable if runtime == _OWN else next(filter(_runs, _candidates(runtime)), None)
    if not program:
        raise refused(
            f"Runtime {runtime}", f"{runtime} is not on the PATH; install it, or use {_OWN}, the Python of this server"
        )
    return program


def _candidates(runtime: str) -> Iterator[str]:
    """Return the programs with that name: first the one on the PATH, then those of pyenv if the first is its shim."""
    if program := shutil.which(runtime):
        yield program
        versions = Path(program).parent.parent / "versions"
        yield from sorted(map(str, versions.glob(f"{runtime.removeprefix('python')}.*/bin/{runtime}")), reverse=True)


def _runs(program: str) -> bool:
    """Return whether a program starts: a shim of pyenv may name a version that is not installed."""
    return subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0


def library_folder(folder: Path) -> Path:
    """Return a folder with links to :data:`LIBRARIES` only: functions must not import other packages of this server."""
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
