"""The process of one job run: ``python worker.py cold|warm|archive``.

It reads its order, one JSON line, from standard input:

``script``      path of the job's script
``arguments``   the elements of ``sys.argv`` after the script
``python_path`` folders, zips and wheels that are put first in ``sys.path``
``environment`` environment variables of the script
``properties``  Spark settings for a JVM that is already running, set as its system properties
``notes``       lines for the error log
``failure``     path of the file for the reason if the script fails: ``{"message": str}``

``cold`` starts a JVM only if the script uses Spark. ``warm`` starts a JVM and warms it up, then writes the file
``ready`` (``{"resident": bytes}``) into the parent of its working folder and waits for its order.
``archive`` starts a JVM, warms it up, lets it end, and reads no order.
"""

from __future__ import annotations

import errno
import json
import os
import runpy
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

_LONGEST_MESSAGE = 2000
_CATEGORIES = {
    "ImportError": "IMPORT_ERROR",
    "SyntaxError": "SYNTAX_ERROR",
    "MemoryError": "OUT_OF_MEMORY_ERROR",
    "PermissionError": "PERMISSION_ERROR",
    "GlueArgumentError": "INVALID_ARGUMENT_ERROR",
    "AnalysisException": "QUERY_ERROR",
    "ParseException": "SYNTAX_ERROR",
}


def main(kind: str) -> None:
    """Wait for the order, run the script, and write the reason if it fails."""
    if kind == "archive":
        sys.exit(_end(_start_warm_java()))
    gateway = _start_warm_java() if kind == "warm" else None
    if gateway:
        _report_ready()
    order = json.loads(sys.stdin.buffer.readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for note in order["notes"]:
        print(f"localaws: {note}", file=sys.stderr)
    os.environ |= order["environment"]
    if gateway:
        _set_properties(gateway, order["properties"])
    try:
        _run_script(order["script"], order["arguments"], order["python_path"])
    except BaseException as error:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            raise
        message = failure_message(error, order["script"]) + _end_of_java()
        _write(Path(order["failure"]), {"message": message})
        raise


def failure_message(error: BaseException, script: str) -> str:
    """Glue's text, such as ``Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 3; ValueError: boom``."""
    line = _failed_line(error, script)
    parts = [f"Error Category: {_category(error)}", *([f"Failed Line Number: {line}"] if line else []), _text(error)]
    return "; ".join(parts)[:_LONGEST_MESSAGE]


def _category(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "DISK_NO_SPACE_ERROR"
    names = [ancestor.__name__ for ancestor in type(error).__mro__]
    return next((_CATEGORIES[name] for name in names if name in _CATEGORIES), "UNCLASSIFIED_ERROR")


def _failed_line(error: BaseException, script: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == script:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == script]
    return lines[-1] if lines else None


def _text(error: BaseException) -> str:
    """The class and the message; of a Java error only the first two lines, because the rest is its stack trace."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    if type(error).__name__.startswith("Py4J"):
        message = " ".join(message.splitlines()[:2])
    return f"{type(error).__name__}: {message}"


def _run_script(script: str, arguments: list[str], python_path: list[str]) -> None:
    """Run the script as ``python script arguments...`` would; it stays the module ``__main__`` until the end."""
    sys.argv = [script, *arguments]
    sys.path[:0] = [str(Path(script).parent), *python_path]
    os.environ["PYTHONPATH"] = os.pathsep.join([*python_path, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    main_module = ModuleType("__main__")
    vars(main_module).update(__file__=script, __builtins__=__builtins__)
    sys.modules["__main__"] = main_module
    code = compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
    exec(code, vars(main_module))  # noqa: S102


def _end_of_java() -> str:
    """Return how the script's JVM ended; "" if it is running or was never started."""
    context = getattr(sys.modules.get("pyspark"), "SparkContext", None)
    process = getattr(getattr(context, "_gateway", None), "proc", None)
    status = process.poll() if process else None
    return "" if status is None else f" (the Spark JVM ended with exit code {status})"


def _start_warm_java() -> Any:
    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    runpy.run_path(str(Path(__file__).with_name("warm_up.py")))["warm_up"](SparkContext._gateway)
    return SparkContext._gateway


def _end(gateway: Any) -> int:
    """Close the input of the JVM of ``gateway``, so that it ends by itself, and return its exit status."""
    gateway.proc.stdin.close()
    status: int = gateway.proc.wait()
    return status


def _set_properties(gateway: Any, properties: dict[str, str]) -> None:
    for name, value in properties.items():
        gateway.jvm.java.lang.System.setProperty(name, value)


def _report_ready() -> None:
    import psutil

    # The output of the warm-up belongs to no run. The files are open for appending, so later output begins at offset 0.
    for stream in (1, 2):
        os.ftruncate(stream, 0)
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    _write(Path.cwd().parent / "ready", {"resident": sum(process.memory_info().rss for process in processes)})


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write JSON atomically; reuse the file of blanks, if any, with which the server reserved space on the disk."""
    partial = path.with_suffix(".partial")
    with partial.open("r+b" if partial.exists() else "wb") as file:
        file.write(json.dumps(content).encode())
    partial.replace(path)


if __name__ == "__main__":
    sys.path.pop(0)
    main(sys.argv[1])
