"""Trino as Athena's engine, started by localaws or running at the user's URL."""

from __future__ import annotations

import importlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cheroot import wsgi

from localaws.athena.errors import SYSTEM, QueryError
from localaws.athena.failures import Failure, shortened
from localaws.athena.trino.catalogs import create_catalogs
from localaws.athena.trino.client import TrinoClient, TrinoUnreachableError
from localaws.athena.trino.distribution import find_distribution
from localaws.athena.trino.endpoint import IcebergColumns, TrinoEndpoint
from localaws.athena.trino.json_keys import JsonKeys
from localaws.athena.trino.process import TrinoProcess
from localaws.errors import LocalAwsError, TrinoStartError
from localaws.gateway import OriginalHeadersGateway
from localaws.settings import LOOPBACK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from localaws.athena.trino.run import TrinoRun
    from localaws.s3.store import ObjectStore
    from localaws.settings import Settings

START_SECONDS = 240.0
_POLL_SECONDS = 0.2
_THREADS = 32
_FOLDER = "trino"


class TrinoEngine:
    """An :class:`~localaws.athena.engine.Engine` that sends statements to Trino.

    A Trino that localaws runs starts with the server and takes half a minute, for which the first query waits. Raises
    TrinoMissingError or JavaMissingError if it cannot be started. ``iceberg_columns`` returns the Glue columns of an
    Iceberg table for the location of its metadata file.
    """

    def __init__(
        self, settings: Settings, temporary: Path, store: ObjectStore, iceberg_columns: IcebergColumns
    ) -> None:
        self._settings = settings
        self._store = store
        self._iceberg_columns = iceberg_columns
        self._folder = temporary / _FOLDER
        self._distribution = None if settings.trino else find_distribution(os.environ)
        self._client: TrinoClient | None = None
        self._process: TrinoProcess | None = None
        self._endpoint: wsgi.Server | None = None
        self._settled = threading.Event()
        self._problem: LocalAwsError | None = None

    def start(self, aws: WSGIApplication) -> None:
        """Open the endpoint for Trino, and in the background start Trino or connect to it."""
        named = urlsplit(self._settings.trino_endpoint)
        host = self._settings.host if self._settings.trino_endpoint else LOOPBACK
        adapted = TrinoEndpoint(aws, self._iceberg_columns, JsonKeys(self._store))
        self._endpoint = wsgi.Server((host, named.port or 0), adapted, numthreads=_THREADS)
        self._endpoint.gateway = OriginalHeadersGateway
        self._endpoint.prepare()
        threading.Thread(target=self._endpoint.serve, name="trino-endpoint", daemon=True).start()
        url = self._settings.trino_endpoint or f"http://{LOOPBACK}:{self._endpoint.bind_addr[1]}"
        if self._distribution:
            self._process = TrinoProcess(self._distribution, self._folder, self._settings.trino_heap)
        self._client = TrinoClient(self._process.url if self._process else self._settings.trino)
        threading.Thread(target=self._settle, args=(url,), name="trino-start", daemon=True).start()

    def preload(self) -> None:
        importlib.import_module("localaws.athena.trino.run")

    def open(self, limit: int) -> TrinoRun:
        from localaws.athena.trino.run import TrinoRun
        from localaws.athena.trino.session import TrinoSession

        return TrinoRun(TrinoSession(self._ready, limit))

    def explain(self, error: Exception) -> Failure | None:
        if isinstance(error, TrinoUnreachableError | LocalAwsError):
            return Failure(shortened(f"GENERIC_INTERNAL_ERROR: {error}"), SYSTEM)
        return None

    def stop(self) -> None:
        self._settled.set()
        if self._process:
            self._process.stop()
        if self._endpoint:
            self._endpoint.stop()

    def _ready(self) -> TrinoClient:
        """Wait until Trino answers and return its client. Raises TrinoStartError, TrinoSetupError."""
        assert self._client is not None, "start() first"
        if not self._settled.wait(START_SECONDS):
            raise TrinoStartError(f"Trino at {self._client.url} was not ready within {START_SECONDS:.0f} s")
        if self._problem:
            raise self._problem
        return self._client

    def _settle(self, endpoint: str) -> None:
        assert self._client is not None
        try:
            self._wait_until_ready(self._client)
            create_catalogs(self._client, endpoint, self._settings.region)
        except LocalAwsError as error:
            self._problem = error
        except (QueryError, TrinoUnreachableError) as error:
            self._problem = TrinoStartError(f"Trino at {self._client.url} cannot be used: {error}")
        self._settled.set()

    def _wait_until_ready(self, client: TrinoClient) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not client.is_ready():
            if self._process and self._process.ended:
                raise TrinoStartError(f"Trino ended ({self._process.log}): {self._process.last_log_lines()}")
            if time.monotonic() > deadline:
                raise TrinoStartError(f"Trino at {client.url} did not answer within {START_SECONDS:.0f} s")
            if self._settled.wait(_POLL_SECONDS):
                return
