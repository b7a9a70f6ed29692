"""A Trino server that localaws starts, and that ends with localaws."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from localaws.athena.trino.distribution import Distribution
from localaws.glue.job_process import supervisor
from localaws.settings import LOOPBACK

# https://trino.io/docs/476/installation/deployment.html#jvm-config
_JVM = (
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djdk.nio.maxCachedBufferSize=2000000",
    "-Dfile.encoding=UTF-8",
)
_NAME = "trino"
_STOP_DEADLINE = 20.0


class TrinoProcess:
    """A Trino server, with its files and its log below ``folder``; ``heap`` is in megabytes.

    A supervisor process kills it when this process ends, for whatever reason.
    """

    def __init__(self, distribution: Distribution, folder: Path, heap: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "etc").mkdir(parents=True)
        self.log = folder / "trino.log"
        self.url = f"http://{LOOPBACK}:{_free_port()}"
        config = folder / "etc" / "config.properties"
        config.write_text(_config(self.url, folder, heap))
        java = [
            str(distribution.java / "bin" / "java"),
            f"-Xmx{heap}m",
            *_JVM,
            f"-Dconfig={config}",
            "-Dnode.environment=localaws",
            f"-Dnode.id={_NAME}",
            f"-Dnode.data-dir={folder / 'data'}",
            "-cp",
            f"{distribution.home / 'lib'}/*",
            "io.trino.server.TrinoServer",
        ]
        command = [sys.executable, supervisor.__file__, f"{_NAME}-{os.getpid()}", *java]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=distribution.home,  # it looks for its plugins in the folder that it runs in
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def last_log_lines(self) -> str:
        """The error lines at the end of its log, or its last lines."""
        lines = self.log.read_text(errors="replace").splitlines()
        errors = [line for line in lines if "ERROR" in line or line.startswith(("Error", "Exception", "1) "))]
        return "\n".join((errors or lines)[-8:])

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _config(url: str, folder: Path, heap: int) -> str:
    """The server's settings: https://trino.io/docs/476/admin/properties.html."""
    settings = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": url.rpartition(":")[2],
        "http-server.max-request-header-size": "1MB",
        "node.internal-address": LOOPBACK,
        "node.bind-ip": LOOPBACK,
        "discovery.uri": url,
        "catalog.management": "dynamic",
        "catalog.store": "memory",
        "query.max-memory": f"{heap // 2}MB",
        "query.max-memory-per-node": f"{heap // 2}MB",
        "memory.heap-headroom-per-node": f"{heap // 4}MB",
        "query.max-history": "50",
        "query.min-expire-age": "1m",
        "spill-enabled": "true",
        "spiller-spill-path": str(folder / "spill"),
        "web-ui.enabled": "false",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
