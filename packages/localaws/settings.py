"""Settings of one localaws server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from localaws.errors import LocalAwsError

DEFAULT_PORT = 4566
LOOPBACK = "127.0.0.1"
DUCKDB, TRINO = "duckdb", "trino"
ENGINES = (DUCKDB, TRINO)


@dataclass(frozen=True)
class Settings:
    """Settings of one server.

    ``home`` contains all state; ``port`` 0 takes a free one.

    ``warm`` is the number of pre-started Glue processes that wait for a job run (0 turns the pool off).
    ``java_options`` are further options of the JVMs of Glue runs: ``-XX:TieredStopAtLevel=1`` halves the cost of a
    short run and slows down a run with millions of rows. A garbage collector among them replaces the parallel one.

    Three lengths of a minute, in seconds, which tests shorten: ``glue_minute`` in the Timeout of a Glue job,
    ``lambda_minute`` before the first retry of an asynchronous invocation, ``schedule_minute`` in ``rate()``
    expressions. ``lambda_concurrency`` is the account's limit of concurrent invocations.

    ``misdeliver`` makes event delivery unreliable, as in ``duplicates=0.2,reorder,lose=0.01,delay=2s``; the same
    ``seed`` causes the same faults.

    ``athena`` is the engine of Athena's queries: ``duckdb`` (in this process) or ``trino``. ``trino`` is the URL of a
    running Trino, which reaches AWS at the URL ``trino_endpoint`` (this server listens there). Without that URL the
    server starts a Trino with a heap of ``trino_heap`` megabytes.

    ``redshift`` is the URL of the PostgreSQL behind Redshift, for a user who may create databases. Without it a
    PostgreSQL is started with the first statement.

    ``calls`` is a file in which each request is logged with its caller; see :mod:`localaws.calls`. None: no log.

    With ``https_port`` the server answers HTTPS too, with the PEM files ``certificate`` and ``private_key``, for
    clients that require it, such as Athena's JDBC driver.
    """

    home: Path
    host: str = LOOPBACK
    port: int = DEFAULT_PORT
    region: str = "us-east-1"
    account: str = "123456789012"
    warm: int = 1
    java_options: str = ""
    https_port: int | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    glue_minute: float = 60.0
    lambda_minute: float = 60.0
    lambda_concurrency: int = 1000
    schedule_minute: float = 60.0
    misdeliver: str = ""
    seed: int = 0
    athena: str = DUCKDB
    trino: str = ""
    trino_endpoint: str = ""
    trino_heap: int = 2048
    redshift: str = ""
    calls: Path | None = None


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read ``AWS_DEFAULT_REGION`` and ``LOCALAWS_HOME``, ``_HOST``, ``_PORT``, ``_WARM``, ``_JAVA_OPTIONS``,
    ``_GLUE_MINUTE``, ``_LAMBDA_MINUTE``, ``_LAMBDA_CONCURRENCY``, ``_SCHEDULE_MINUTE``, ``_MISDELIVER``, ``_SEED``,
    ``_ATHENA``, ``_TRINO``, ``_TRINO_ENDPOINT``, ``_TRINO_HEAP``, ``_REDSHIFT``, ``_CALLS``.

    Raises LocalAwsError.
    """
    home = Path(environ.get("LOCALAWS_HOME", ".localaws")).absolute()
    return Settings(
        home=home,
        host=environ.get("LOCALAWS_HOST", LOOPBACK),
        port=_number(environ, "LOCALAWS_PORT", DEFAULT_PORT),
        region=environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        warm=_number(environ, "LOCALAWS_WARM", 1),
        java_options=environ.get("LOCALAWS_JAVA_OPTIONS", ""),
        glue_minute=_number(environ, "LOCALAWS_GLUE_MINUTE", 60),
        lambda_minute=_number(environ, "LOCALAWS_LAMBDA_MINUTE", 60),
        lambda_concurrency=_number(environ, "LOCALAWS_LAMBDA_CONCURRENCY", 1000),
        schedule_minute=_number(environ, "LOCALAWS_SCHEDULE_MINUTE", 60),
        misdeliver=environ.get("LOCALAWS_MISDELIVER", ""),
        seed=_number(environ, "LOCALAWS_SEED", 0),
        athena=_engine(environ),
        trino=environ.get("LOCALAWS_TRINO", ""),
        trino_endpoint=environ.get("LOCALAWS_TRINO_ENDPOINT", ""),
        trino_heap=_number(environ, "LOCALAWS_TRINO_HEAP", 2048),
        redshift=environ.get("LOCALAWS_REDSHIFT", ""),
        calls=Path(environ["LOCALAWS_CALLS"]).absolute() if environ.get("LOCALAWS_CALLS") else None,
    )


def check_url(option: str, url: str) -> None:
    """Raise LocalAwsError unless the ``url`` of a command line option has a form with which HTTP requests are sent."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as a port that is no number
        is_valid = False
    if not is_valid:
        raise LocalAwsError(f"{option} is {url!r}; allowed are http://HOST:PORT and https://HOST:PORT")


def _engine(environ: Mapping[str, str]) -> str:
    name = environ.get("LOCALAWS_ATHENA", TRINO if environ.get("LOCALAWS_TRINO") else DUCKDB)
    if name not in ENGINES:
        raise LocalAwsError(f"LOCALAWS_ATHENA is {name!r}; allowed are {', '.join(ENGINES)}")
    return name


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isdigit():
        raise LocalAwsError(f"{name} is {text!r}; a whole number of 0 or more was expected")
    return int(text)
