"""First program of an execution environment: it forks the runtime and ends it when the server ends.

``launcher.py PATHS HANDLER [MEGABYTES FOLDERS]``: folders for ``sys.path``, joined like PATH, and the function's
handler; then the size of its own ``/tmp``, and the folders that stay there. Standard input is a pipe from the server:
end of file means that the server has ended. Imports only the standard library.
"""

from __future__ import annotations

import os
import resource
import runpy
import signal
import sys
import threading

_IS_LINUX = sys.platform == "linux"
if _IS_LINUX:  # beside this program
    import private_tmp  # type: ignore[import-not-found,unused-ignore]
    import process_tree  # type: ignore[import-not-found,unused-ignore]

OPEN_FILES = 1024


def main() -> None:
    """Fork: the parent watches the server, the child runs the function."""
    paths, handler, tmp = sys.argv[1].split(os.pathsep), sys.argv[2], sys.argv[3:]
    if _IS_LINUX:
        process_tree.adopt_orphans()
    child = os.fork()
    if child:
        _watch(child)
    else:
        if tmp:
            private_tmp.enter(int(tmp[0]), tmp[1].split(os.pathsep))
        _run(paths, handler)


def _watch(child: int) -> None:
    threading.Thread(target=_end_with_server, daemon=True).start()
    pid = 0
    while pid != child:  # the others are orphans
        pid, status = os.wait()
    _end_descendants()
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _end_with_server() -> None:
    while os.read(0, 1):
        pass
    _end_descendants()
    os.killpg(0, signal.SIGKILL)


def _end_descendants() -> None:
    if _IS_LINUX:
        process_tree.end_descendants()


def _run(paths: list[str], handler: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs milliseconds of each start
    sys.path[:] = [*paths[:-1], *[path for path in sys.path if path != here], paths[-1]]
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    sys.argv[:] = ["bootstrap", handler]
    try:
        import runtime_client  # type: ignore[import-not-found,unused-ignore]  # noqa: F401 - built for one Python version
    except ImportError:
        runpy.run_path(os.path.join(here, "bootstrap.py"), run_name="__main__")  # noqa: PTH118
    else:
        runpy.run_module("awslambdaric", run_name="__main__")


if __name__ == "__main__":
    main()
