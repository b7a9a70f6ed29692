"""One Airflow that is imported once: every script of a test runs in a process forked from it.

Tests use :class:`AirflowFork`; run as a program, this file is the process that forks. It reads one request per line
(script, arguments, environment and output file) and answers each with the exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Mapping
from pathlib import Path

HEAVY = {"pyspark", "boto3", "botocore", "psycopg", "pandas", "pyarrow", "requests", "moto"}
"""Libraries that no DAG file may import while it is parsed. They must not be imported before the fork."""

PRELOADED = (
    "airflow.sdk",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
    "airflow.providers.standard.sensors.python",
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.supervisor",
    "airflow.utils.db",
)
"""Modules that every script would import, to parse DAG files and to test DAGs."""


class AirflowFork:
    """A process that has imported Airflow. ``env`` is its environment and contains AIRFLOW_HOME."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, env: Mapping[str, str], script: str, *arguments: str, seconds: float = 900) -> str:
        """Run a script in a forked process and return its whole output. Raises TimeoutError."""
        assert self._process.stdin is not None and self._process.stdout is not None
        number, path = tempfile.mkstemp(dir=self._folder)
        os.close(number)
        request = {"script": textwrap.dedent(script), "arguments": arguments, "env": dict(env), "output": path}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        output = Path(path).read_text(errors="replace")
        if not ready or not self._process.stdout.readline():
            raise TimeoutError(f"a script did not end within {seconds:.0f} s, or Airflow died: {output[-4000:]}")
        return output

    def close(self) -> None:
        """End the process and its forks."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def _run(request: Mapping[str, object]) -> int:
    """Run a request in a fork, and return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        with open(str(request["output"]), "w") as output:  # noqa: PTH123 - a descriptor is what is wanted
            for stream in (sys.stdout, sys.stderr):
                os.dup2(output.fileno(), stream.fileno())
        os.environ.clear()
        os.environ.update(request["env"])  # type: ignore[call-overload]
        sys.argv = ["-c", *request["arguments"]]  # type: ignore[misc]
        sys.path.insert(0, "")
        exec(compile(str(request["script"]), "<script>", "exec"), {"__name__": "__main__"})
        code = 0
    except BaseException:  # noqa: BLE001 - printed; the test reads the output
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Import Airflow, then fork for each request."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # Output during Airflow's import is not an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for name in PRELOADED:
        importlib.import_module(name)
    loaded = HEAVY & set(sys.modules)
    assert not loaded, f"Airflow itself imports {loaded} now: a DAG file that imports it would go unnoticed"
    for line in sys.stdin:
        print(_run(json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
