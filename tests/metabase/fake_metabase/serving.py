"""The fake on a free loopback port, in this process or in a separate one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cheroot.wsgi import Server
from werkzeug.wrappers import Request

from fake_metabase.app import FakeMetabase
from fake_metabase.state import State


@contextmanager
def serving(state: State, watch: Callable[[Request], None] | None = None) -> Iterator[str]:
    """Serve a fake with ``state`` for the length of the block, and yield its URL."""
    server = Server(("127.0.0.1", 0), FakeMetabase(state, watch), numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join(10)
