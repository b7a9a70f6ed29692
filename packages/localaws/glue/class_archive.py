"""An archive of the classes of Spark and Iceberg, which halves the time that a JVM needs to start.

For a Spark session, Java reads, parses and verifies some 20,000 classes; from an archive it maps them into memory. See
https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html. Java ignores an archive that does not match its
version or class path.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from localaws.glue.spark_settings import iceberg_jar

_SILENT = "-Xlog:disable -Xlog:all=error:stderr"
"""Suppresses Java's messages about classes that an archive leaves out: they do not belong in the log of a run."""
_DUMP_DEADLINE, _PAUSE = 120.0, 0.1


def folder_of(home: Path) -> Path:
    """Return the folder of the archives: with the installed packages, or in ``home`` if those are read-only."""
    environment = Path(sys.prefix)
    return environment / "share" / "localaws" if os.access(environment, os.W_OK) else home / "classes"


@dataclass(frozen=True)
class ClassArchive:
    """The archive, in ``folder``, for JVMs of the Java in ``java``.

    The class path of these JVMs begins with the jars of Iceberg and Spark. ``name`` depends on the Java and on each
    jar.
    """

    folder: Path
    java: Path
    name: str

    def options(self) -> str:
        """Return the options of a JVM that uses the archive; "" if the archive does not exist."""
        return f'"-XX:SharedArchiveFile={self._base}:{self._spark}" {_SILENT}' if self._spark.is_file() else ""

    def make(self, run: Callable[[str], bool], is_stopped: Callable[[], bool]) -> None:
        """Create the archive if it does not exist, or wait until another process has; return if ``is_stopped``.

        ``run`` starts a JVM with the given options, lets it do the work of a typical run, waits until it has ended, and
        returns whether the JVM ended by itself. Raises OSError or SubprocessError if the archive cannot be created.
        """
        if self._spark.is_file():
            return
        with self._exclusive_lock(is_stopped):
            if self._spark.is_file() or is_stopped():
                return
            self._remove_others()
            # Not every Java is shipped with the base archive of its own classes, which an archive of further classes
            # needs.
            java = [str(self.java / "bin" / "java"), "-Xshare:dump", f"-XX:SharedArchiveFile={self._base}"]
            subprocess.run(java, check=True, capture_output=True, timeout=_DUMP_DEADLINE)
            partial = self._spark.with_suffix(".partial")
            if run(f'"-XX:SharedArchiveFile={self._base}" "-XX:ArchiveClassesAtExit={partial}" {_SILENT}'):
                partial.replace(self._spark)

    @property
    def _base(self) -> Path:
        return self.folder / f"java-{self.name}.jsa"

    @property
    def _spark(self) -> Path:
        return self.folder / f"spark-{self.name}.jsa"

    @contextmanager
    def _exclusive_lock(self, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold the folder's file lock, so that only one process creates an archive; stop waiting if ``is_stopped``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            while not is_stopped():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(_PAUSE)
            yield

    def _remove_others(self) -> None:
        for file in (*self.folder.glob("*.jsa"), *self.folder.glob("*.partial")):
            file.unlink(missing_ok=True)


def archive_of(folder: Path, java: Path) -> ClassArchive:
    """Return the archive for the Java in ``java``, PySpark's jars and Iceberg's."""
    return ClassArchive(folder, java, _digest(java))


def _digest(java: Path) -> str:
    """Return 12 hex digits of a hash of the archive's inputs: the Java, and path, size and time of each jar."""
    spec = find_spec("pyspark")
    assert spec and spec.origin, "pyspark is a dependency of localaws"
    jars = [iceberg_jar(), *sorted((Path(spec.origin).parent / "jars").glob("*.jar"))]
    stats = [(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in jars]
    release = (java / "release").read_text() if (java / "release").is_file() else ""
    return hashlib.sha256(repr((str(java), release, stats)).encode()).hexdigest()[:12]
