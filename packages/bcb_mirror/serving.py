"""A mirror on the loopback interface, in this process: for tests, and for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from cheroot import wsgi

from bcb_mirror.errors import PortTakenError
from bcb_mirror.mirror import HTTP_REQUEST, OLINDA_PATH, RANKING_PATH, SEGMENTATION_PATH, Mirror
from bcb_mirror.quarters import Quarter
from bcb_mirror.world import World

HOST = "127.0.0.1"
# A slow answer blocks its thread; these are enough for a client with eight connections and slow faults on all.
_THREADS = 24
# seconds until the server notices a request to stop
_TICK = 0.05


@dataclass(frozen=True)
class Serving:
    """A running mirror: its base ``url`` without a slash at the end, and the ``mirror`` to control."""

    url: str
    mirror: Mirror

    @property
    def ranking_url(self) -> str:
        """URL that replaces ``https://www3.bcb.gov.br/rdrweb/rest/ext/ranking``."""
        return self.url + RANKING_PATH

    @property
    def olinda_url(self) -> str:
        """URL that replaces ``https://olinda.bcb.gov.br/olinda/servico``."""
        return self.url + OLINDA_PATH

    @property
    def segmentation_url(self) -> str:
        return self.url + SEGMENTATION_PATH


class _Gateway(wsgi.Gateway_10):
    """Passes cheroot's own request to the application, which needs the connection to simulate faults."""

    def get_environ(self) -> Any:
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[HTTP_REQUEST] = self.req
        return environ


class Server:
    """The HTTP server of one mirror."""

    def __init__(self, mirror: Mirror, port: int = 0, host: str = HOST) -> None:
        """Bind ``port`` (0: a free one) of the address ``host``; raise PortTakenError."""
        self.mirror = mirror
        self._http = wsgi.Server((host, port), mirror, numthreads=_THREADS, timeout=30, shutdown_timeout=2)
        self._http.gateway = _Gateway
        self._http.expiration_interval = _TICK
        try:
            self._http.prepare()
        except OSError as error:
            raise PortTakenError(host, port) from error

    @property
    def url(self) -> str:
        host, port = self._http.bind_addr[:2]
        return f"http://{host}:{port}"

    def serve(self) -> None:
        """Answer requests until :meth:`stop` is called from another thread."""
        self._http.serve()

    def stop(self) -> None:
        self.mirror.stopping.set()
        self._http.stop()


@contextmanager
def serving(
    world: World,
    *,
    port: int = 0,
    until: Quarter | None = None,
    withheld: Iterable[Quarter] = (),
    register: bool = False,
) -> Iterator[Serving]:
    """Serve ``world`` for the duration of a ``with`` block; the other parameters are those of Mirror.

    Raises PortTakenError, and QuarterError if no quarter is published.
    """
    server = Server(Mirror(world, until, withheld, register), port)
    thread = Thread(target=server.serve, name="bcb-mirror", daemon=True)
    thread.start()
    try:
        yield Serving(server.url, server.mirror)
    finally:
        server.stop()
        thread.join()
