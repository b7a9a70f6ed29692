"""A file read over FTPS by the platform's hook, compared with curl on the same server.

``python benchmarks/ftps.py [MEGABYTES]``: 200 by default; three turns of each, alternately, of which the fastest
counts. The server runs in a separate process. Needs curl.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backoffice_parties.share import LOOPBACK, USER, Share, share
from estrela.hooks.ftps import FtpsHook, FtpsServer

CHUNK = 1 << 20


def by_hook(served: Share, size: int) -> None:
    """Read the file as an extract does, without storing it."""
    hook = FtpsHook(FtpsServer(LOOPBACK, USER, served.password, served.port, authority=served.authority), "bench")
    [file] = hook.files("/")
    with hook.read(file) as body:
        read = sum(iter(lambda: len(body.read(CHUNK) or b""), 0))
    assert read == size


def by_curl(served: Share, size: int, authority: Path) -> None:
    """Read the file with curl, which resumes the TLS session too."""
    login = [
        "--user",
        f"{USER}:{served.password}",
        "--cacert",
        str(authority),
        "--ssl-reqd",
        "--silent",
        "--show-error",
    ]
    address = f"ftp://{LOOPBACK}:{served.port}/file"
    done = subprocess.run(["curl", *login, "--write-out", "%{size_download}", "--output", os.devnull, address],
                          check=True, capture_output=True, text=True)  # fmt: skip
    assert int(done.stdout) == size


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def served_apart(folder: Path) -> Iterator[Share]:
    """Serve from another process: a server in this one would compete with the hook for the interpreter lock."""
    here, there = multiprocessing.Pipe()

    def serve() -> None:
        with share(folder) as served:
            there.send(served)
            there.recv()

    process = multiprocessing.get_context("fork").Process(target=serve)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join()


def main() -> None:
    size = int(sys.argv[1] if sys.argv[1:] else 200) * 1_000_000
    with tempfile.TemporaryDirectory() as name, served_apart(Path(name)) as served:
        authority = Path(name) / "authority.pem"
        authority.write_text(served.authority)
        (served.folder / "file").write_bytes(os.urandom(1 << 16) * (size >> 16))
        size = (served.folder / "file").stat().st_size
        turns = [
            (seconds(lambda: by_curl(served, size, authority)), seconds(lambda: by_hook(served, size)))
            for _ in range(3)
        ]
    curl, hook = (min(times) for times in zip(*turns, strict=True))
    print(f"{size / 1e6:.0f} MB over FTPS: curl {size / curl / 1e6:.0f} MB/s = 1; hook {curl / hook:.2f} of its rate")


if __name__ == "__main__":
    main()
