"""The composition root: it connects all services of one server with the HTTP server in front of them."""

from __future__ import annotations

import importlib
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from moto.moto_server.werkzeug_app import create_backend_app

from localaws import (
    airflow_environments,
    athena,
    budgets,
    event_hooks,
    glue,
    iceberg,
    moto_app,
    query_errors,
    s3,
    secret_versions,
    subscription_hooks,
    topic_hooks,
    topic_publishing,
)
from localaws.calls import CallLog
from localaws.dynamodb import open_dynamodb
from localaws.errors import CertificateError, PortTakenError
from localaws.gateway import WAITING_CONNECTIONS, AnyTargetConnection, OriginalHeadersGateway
from localaws.home import Home, ServerRecord
from localaws.kinesis import open_kinesis
from localaws.lambda_and_events import LambdaAndEvents, Sources
from localaws.lazy import Lazy
from localaws.lazy_redshift import LazyRedshift
from localaws.moto_state import MotoState
from localaws.router import Router
from localaws.secret_rotation import Rotations
from localaws.settings import LOOPBACK, Settings
from localaws.sqs import open_sqs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Each request that is being answered occupies a thread; an idle keep-alive connection only for a moment.
THREADS = 64 + WAITING_CONNECTIONS
# Above this number each answer closes its connection. A low limit would make a few functions with one client per
# service reconnect for each call.
IDLE_CONNECTIONS = 1000
SOCKET_TIMEOUT = 60
STOP_SECONDS = 8.0
IMPORT_DELAY_SECONDS = 0.5
# Modules with an ``install`` function that completes moto's answers, by service.
_MOTO_PATCHES = {
    "applicationautoscaling": "scalable_targets",
    "backup": "backups",
    "ec2": "security_group_rules",
    "ecs": "container_services",
    "efs": "file_systems",
    "iam": "managed_policies",
    "rds": "databases",
    "redshift": "redshift_clusters",
    "route53": "hosted_zones",
    "sesv2": "email_identities",
    "servicediscovery": "hosted_zones",  # its namespaces create zones
}


class Server:
    """A localaws server in this process. At most one per process, because moto's backends are global."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self._stops = ExitStack()
        self._http: wsgi.Server | None = None
        self._https: wsgi.Server | None = None
        self._preloads: list[Callable[[], None]] = []
        self.stopped = threading.Event()

    @property
    def endpoint(self) -> str:
        assert self._http is not None, "start() first"
        host, port = self._http.bind_addr[:2]
        return f"http://{_reachable(host)}:{port}"

    def start(self) -> None:
        """Lock the home, bind the port, load the state, and be ready to serve.

        Raises PortTakenError, CertificateError, HomeNotWritableError, HomeInUseError, HomeStateError, TrinoMissingError
        or JavaMissingError, and leaves nothing behind.
        """
        self.home.acquire()
        try:
            self._http = self._bind(self.settings.port)
            self._https = self._bind_https()
            application = self._compose()
            for server in self._servers():
                server.wsgi_app = application
        except BaseException:
            self.stop()
            raise
        self.home.write_record(ServerRecord(os.getpid(), self.endpoint, self.settings.region))

    def serve(self) -> None:
        """Answer requests until :meth:`stop` is called from another thread or a signal handler."""
        assert self._http is not None, "start() first"
        threading.Thread(target=self._import_query_modules, daemon=True).start()
        if self._https:
            threading.Thread(target=self._https.serve, daemon=True).start()
        self._http.serve()

    def stop(self) -> None:
        """End everything that was started and release the home. :attr:`stopped` is set when that is done."""
        for server in self._servers():
            # cheroot would wait forever for a client that no longer reads its answer.
            waiting = threading.Thread(target=server.stop, daemon=True)
            waiting.start()
            waiting.join(STOP_SECONDS)
        try:
            self._stops.close()  # one that fails keeps none of the others from running
        finally:
            self.home.release()
            self.stopped.set()

    def _import_query_modules(self) -> None:
        """Import modules for which the first query would wait, but only after the first answer."""
        time.sleep(IMPORT_DELAY_SECONDS)
        for preload in self._preloads:
            preload()
        importlib.import_module("localaws.iceberg.rest")

    def _servers(self) -> list[wsgi.Server]:
        return [server for server in (self._https, self._http) if server]

    def _bind(self, port: int, tls: BuiltinSSLAdapter | None = None) -> wsgi.Server:
        host = self.settings.host
        if port and _listens(host, port):
            raise PortTakenError(host, port)
        server = wsgi.Server((host, port), _not_ready, numthreads=THREADS, timeout=SOCKET_TIMEOUT)
        server.gateway = OriginalHeadersGateway
        server.ConnectionClass = AnyTargetConnection
        server.ssl_adapter = tls
        server.keep_alive_conn_limit = IDLE_CONNECTIONS
        try:
            server.prepare()
        except OSError as error:
            raise PortTakenError(host, port) from error
        # Connections that a killed server left open must not prevent the next one from using the same free port.
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return server

    def _bind_https(self) -> wsgi.Server | None:
        port, certificate, key = self.settings.https_port, self.settings.certificate, self.settings.private_key
        if port is None:
            return None
        if not certificate or not key:
            problem = "an HTTPS port needs a certificate and its private key; make them with 'localaws certificate'"
            raise CertificateError(problem)
        try:
            tls = BuiltinSSLAdapter(str(certificate), str(key))
        except OSError as error:  # ssl.SSLError is one
            raise CertificateError(f"{certificate} with {key} cannot be used: {error}") from error
        return self._bind(port, tls)

    def _compose(self) -> WSGIApplication:
        state = MotoState(self.home.state)
        moto_app.install()
        budgets.install()
        secret_versions.install()
        store = s3.open_store(self.home)
        catalog = glue.open_catalog(self.settings, state)
        tables = Lazy(lambda: iceberg.open_tables(catalog, store))
        runs = glue.open_runs(self.settings, self.home, store, self.endpoint, lambda: state.keep("logs"))
        queries = athena.open_queries(self.settings, self.home, store, catalog, tables)
        dynamodb = open_dynamodb(self.home.state, lambda: state.changing("dynamodb"))
        state.complete_with("dynamodb", dynamodb.fill)
        kinesis = open_kinesis(self.home.state, lambda: state.changing("kinesis"))
        sqs = open_sqs(self.home.state, lambda: state.changing("sqs"))
        state.complete_with("sqs", sqs.fill)
        sources = Sources(dynamodb, kinesis, sqs)
        lambda_and_events = LambdaAndEvents(self.settings, self.home, store, sources, self.endpoint, state.keep)
        Rotations(lambda_and_events, state.keep).install()
        redshift = LazyRedshift(self.settings, self.home, store, state.keep)
        owner = self.settings.account, self.settings.region
        airflow = airflow_environments.AirflowEnvironments(self.home.airflow, owner)
        event_hooks.install(lambda_and_events.open_events)
        topic_hooks.install()
        subscription_hooks.install()
        topic_publishing.install()
        query_errors.install()
        for stop in (dynamodb.storage.close, kinesis.log.close, sqs.storage.close, store.close):
            self._stops.callback(stop)
        for stop in (queries.stop, runs.stop, lambda_and_events.stop, redshift.stop):
            self._stops.callback(stop)
        self._preloads = [lambda_and_events.resume, queries.preload]
        state.load()
        runs.start()
        moto = moto_app.MotoApplication(_service_app)
        router = Router(
            s3=s3.application(store, moto, state, lambda_and_events),
            moto=moto,
            state=state,
            by_path={
                "/iceberg": iceberg.application(tables),
                "/.lambda-code": lambda_and_events.download,
                "/.sns": lambda_and_events.certificate,
            },
            by_service={
                "lambda": lambda_and_events.answer,
                airflow_environments.SIGNED_FOR: airflow.answer,
                **redshift.services(),
            },
            keepers={"dynamodb": dynamodb, "kinesis": kinesis, "sqs": sqs},
            calls=CallLog(self.settings.calls) if self.settings.calls else None,
        )
        queries.start(router)
        return router


def _service_app(service: Any) -> Any:
    """Return moto's application for one service. Its exceptions reach the router, which answers by their type."""
    if not service:
        raise NotImplementedError
    if service in _MOTO_PATCHES:  # imported only now: some of them import moto's EC2, which takes seconds
        importlib.import_module(f"localaws.{_MOTO_PATCHES[service]}").install()
    application = create_backend_app(service)
    application.config["PROPAGATE_EXCEPTIONS"] = True
    return application


def _listens(host: str, port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex((_reachable(host), port)) == 0


def _reachable(host: str) -> str:
    """Return the address that a local client connects to: the loopback address if the server listens on all."""
    return LOOPBACK if host == "0.0.0.0" else host  # noqa: S104


def _not_ready(environ: object, start_response: Callable[..., object]) -> list[bytes]:
    start_response("503 Service Unavailable", [("Retry-After", "1")])
    return [b""]
