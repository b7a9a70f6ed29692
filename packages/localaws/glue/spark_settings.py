"""The Spark settings of one run: localaws' own, S3 mapped to folders, and the job's ``--conf``, which wins."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

# RawLocalFileSystem under its own scheme: with "file", Spark would write a .crc file next to each object, and refuse to
# read an object that the S3 API has replaced since.
_FOLDER_SCHEME = "localfolder"
_VIEWFS = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_ICEBERG_JAR = "iceberg-spark-runtime-3.5_2.12-1.10.2.jar"

# Read when the JVM starts, or by spark-submit before that: a process that is already warm cannot apply them.
_FIXED_AT_START = (
    "spark.driver.memory",
    "spark.driver.memoryOverhead",
    "spark.driver.extra",
    "spark.driver.defaultJavaOptions",
    "spark.driver.userClassPathFirst",
    "spark.jars",
    "spark.submit.",
)
# Glue sets these itself and accepts no other value.
_NOT_THE_JOBS = ("spark.master", "spark.submit.deployMode", "spark.app.id")

# GiB of driver heap: in local mode the driver is also the executor. Smaller than Glue's, to fit a laptop.
_HEAP_GIB = {"G.025X": 1, "Standard": 2, "G.1X": 2, "G.2X": 4, "G.4X": 8, "G.8X": 16, "G.12X": 16, "G.16X": 16}
_WARM_WORKER_TYPE = "G.1X"
COLLECTOR = "-XX:+UseParallelGC"
"""The garbage collector that costs least where one JVM with a few cores is driver and executor. The concurrent one,
Java's default, makes each write of a reference dearer for short pauses, which a job does not need."""
_ANY_COLLECTOR = re.compile(r"-XX:\+Use\w+GC\b")
_JAVA_OPTIONS = ("spark.driver.defaultJavaOptions", "spark.driver.extraJavaOptions")
# Bytes, or "max": first of cgroup version 2, then of version 1. https://docs.kernel.org/admin-guide/cgroup-v2.html
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def parse_conf(text: str) -> dict[str, str]:
    """Parse ``a=b --conf c=d``, Glue's way to pass several settings in one argument, into a dict.

    Raises ValueError for a part that is not ``name=value``.
    """
    settings = {}
    for word in shlex.split(text):
        name, separator, value = word.partition("=")
        if word == "--conf":
            continue
        if not separator or not name:
            raise ValueError(f"--conf has {word!r}; name=value was expected, further ones as ' --conf name=value'")
        settings[name.removeprefix("--conf=")] = value
    return {name: value for name, value in settings.items() if name not in _NOT_THE_JOBS}


def can_run_warm(conf: Mapping[str, str], worker_type: str, extra_jars: bool) -> bool:
    """Return whether a JVM that was started without knowing the job can apply these settings."""
    same_heap = heap(worker_type) == heap(_WARM_WORKER_TYPE)
    return same_heap and not extra_jars and not any(name.startswith(_FIXED_AT_START) for name in conf)


def heap(worker_type: str) -> str:
    """Driver memory for a worker type, at most a quarter of the memory of the machine or of the container's limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [file.read_text().strip() for file in _CONTAINER_LIMITS if file.is_file()]
    memory = min([machine, *(int(limit) for limit in limits if limit.isdigit())])
    return f"{min(_HEAP_GIB.get(worker_type, 2) * 1024, memory // 4 // 1024**2)}m"


def cores(number_of_workers: int) -> int:
    """Threads of ``local[N]``: as many as the job has workers, at least 2, at most the machine's cores."""
    return min(os.cpu_count() or 1, max(2, number_of_workers))


def at_start(
    folder: Path, worker_type: str = _WARM_WORKER_TYPE, jars: tuple[Path, ...] = (), java_options: str = ""
) -> dict[str, str]:
    """Return the settings that the JVM of a run in ``folder`` starts with, without those of its job."""
    return {
        "spark.master": f"local[{cores(2)}]",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": heap(worker_type),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC {java_options}".rstrip(),
        "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in (iceberg_jar(), *jars)),
        "spark.sql.warehouse.dir": str(folder / "spark" / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.hadoop.fs.s3.impl": _VIEWFS,
        "spark.hadoop.fs.s3a.impl": _VIEWFS,
        f"spark.hadoop.fs.{_FOLDER_SCHEME}.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }


def with_collector(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with our garbage collector, unless their Java options name one: a JVM accepts only one."""
    options = [settings.get(name, "") for name in _JAVA_OPTIONS]
    if any(_ANY_COLLECTOR.search(text) for text in options):
        return dict(settings)
    return {**settings, _JAVA_OPTIONS[1]: f"{options[1]} {COLLECTOR}".lstrip()}


def mounts(buckets: Mapping[str, Path]) -> dict[str, str]:
    """Map ``s3://bucket`` of each bucket to its folder; read when the session starts."""
    prefix = "spark.hadoop.fs.viewfs.mounttable"
    return {
        f"{prefix}.{name}.linkFallback": folder.as_uri().replace("file:", f"{_FOLDER_SCHEME}:", 1)
        for name, folder in buckets.items()
    }


def iceberg_jar() -> Path:
    """Iceberg's runtime for Spark 3.5 and Scala 2.12, from its wheel."""
    spec = find_spec("snowpark_connect_deps_iceberg")
    assert spec and spec.origin, "snowpark-connect-deps-iceberg is a dependency of localaws"
    return Path(spec.origin).parent / "jars" / _ICEBERG_JAR


def as_properties_file(settings: Mapping[str, str]) -> str:
    """The text of a ``spark-defaults.conf``, which Java reads as a properties file."""
    return "".join(f"{name} {_escape(value)}\n" for name, value in settings.items())


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


# Standard output contains only the job's own output; Spark's messages, from WARN on, go to standard error, without
# those that are meaningless here.
LOG4J2 = """
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %p %c{1}: %m%n
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""
