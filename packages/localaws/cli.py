"""The command line: up, down, status, env, certificate."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from localaws.errors import LocalAwsError
from localaws.events.misdelivery import parse_misbehaviour
from localaws.home import Home, ServerRecord
from localaws.running import STOP_DEADLINE, Running, launch, wait_until_ready
from localaws.settings import ENGINES, TRINO, Settings, check_url, settings_from

MISDELIVER = "deliver events unreliably, e.g. duplicates=0.2,reorder,lose=0.01,delay=2s"
_GARBAGE = (50_000, 20, 100)
"""Thresholds of Python's garbage collector, as :func:`gc.set_threshold` has them."""
FILES = ("ca.pem", "server.pem", "server-key.pem", "truststore.p12")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. An error is printed as one line on stderr, with exit status 1."""
    try:
        defaults = settings_from(os.environ)
        options = _parser(defaults).parse_args(arguments)
        return int(options.command(options, defaults))
    except LocalAwsError as error:
        print(f"localaws: {error}", file=sys.stderr)
        return 1


def _parser(defaults: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localaws", description="AWS on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start a server and return once it answers")
    _add_server_options(up, defaults)
    _add_athena_options(up, defaults)
    up.set_defaults(command=_up)
    for name, command, text in (
        ("down", _down, "stop the server of a home folder"),
        ("status", _status, "show whether a server runs; exit status 3 if none does"),
        ("env", _env, 'print the environment variables of clients: eval "$(localaws env)"'),
    ):
        commands.add_parser(name, help=text).set_defaults(command=command)
    for command_parser in commands.choices.values():
        command_parser.add_argument(
            "--home", type=Path, default=defaults.home, help=f"folder of the server's state (default {defaults.home})"
        )
    certificate = commands.add_parser("certificate", help="create a certificate authority and a server certificate")
    _add_certificate_options(certificate)
    return parser


def _add_server_options(up: argparse.ArgumentParser, defaults: Settings) -> None:
    up.add_argument("--port", type=int, default=defaults.port, help=f"0 picks a free port (default {defaults.port})")
    up.add_argument("--host", default=defaults.host, help=f"address to bind (default {defaults.host})")
    up.add_argument("--region", default=defaults.region, help=f"AWS region (default {defaults.region})")
    up.add_argument("--warm", type=int, default=defaults.warm, help="number of pre-started Glue processes (0: none)")
    up.add_argument("--java-options", default=defaults.java_options, help="additional JVM options for Glue runs")
    up.add_argument("--https-port", type=int, help="serve HTTPS on this port too; needs the two options below")
    up.add_argument(
        "--certificate", type=Path, help="certificate for HTTPS, a PEM file; 'localaws certificate' creates one"
    )
    up.add_argument("--private-key", type=Path, help="private key of the certificate, a PEM file")
    up.add_argument("--misdeliver", default=defaults.misdeliver, metavar="HOW", help=MISDELIVER)
    up.add_argument(
        "--seed", type=int, default=defaults.seed, help="random seed of --misdeliver; the same seed repeats its choices"
    )
    up.add_argument(
        "--redshift",
        default=defaults.redshift,
        metavar="URL",
        help="PostgreSQL server for Redshift's databases; otherwise the server starts one",
    )
    up.add_argument(
        "--calls", type=Path, default=defaults.calls, help="file to log each signed request and its caller to"
    )
    up.add_argument("--foreground", action="store_true", help="stay attached, log to the terminal")


def _add_athena_options(up: argparse.ArgumentParser, defaults: Settings) -> None:
    up.add_argument("--athena", choices=ENGINES, default=None, help=f"query engine (default {defaults.athena})")
    up.add_argument(
        "--trino", default=defaults.trino, metavar="URL", help="URL of a running Trino; otherwise the server starts one"
    )
    up.add_argument(
        "--trino-endpoint",
        default=defaults.trino_endpoint,
        metavar="URL",
        help="endpoint at which that Trino reaches this server",
    )
    up.add_argument(
        "--trino-heap", type=int, default=defaults.trino_heap, help="heap in MB of the Trino that the server starts"
    )


def _add_certificate_options(certificate: argparse.ArgumentParser) -> None:
    certificate.add_argument("folder", type=Path, help=f"folder to write {', '.join(FILES)} to")
    certificate.add_argument(
        "--name", action="append", help="host name that clients use for the server; repeatable (default localhost)"
    )
    certificate.set_defaults(command=_certificate)


def _up(options: argparse.Namespace, defaults: Settings) -> int:
    if options.foreground:
        return _serve(_settings(options, defaults))
    passed = [f"--{name}={value}" for name, value in _up_options(options).items() if value is not None]
    _settings(options, defaults)
    Home(options.home).acquire_and_release()
    record = wait_until_ready(launch(options.home, *passed), options.home)
    print(f"localaws answers at {record.endpoint} (pid {record.pid}, home {options.home})")
    print(f'use it with: eval "$(localaws env --home {options.home})"')
    return 0


def _up_options(options: argparse.Namespace) -> dict[str, Any]:
    names = (
        "port", "host", "region", "warm", "java_options", "https_port", "certificate", "private_key",
        "athena", "trino", "trino_endpoint", "trino_heap", "misdeliver", "seed", "redshift", "calls",
    )  # fmt: skip
    return {name.replace("_", "-"): getattr(options, name) for name in names}


def _settings(options: argparse.Namespace, defaults: Settings) -> Settings:
    given = {name.replace("-", "_"): value for name, value in _up_options(options).items()}
    if options.misdeliver:
        parse_misbehaviour(options.misdeliver)
    for option in ("trino", "trino_endpoint"):
        if url := getattr(options, option):
            check_url(f"--{option.replace('_', '-')}", url)
    given["athena"] = options.athena or (TRINO if options.trino else defaults.athena)
    return replace(defaults, home=options.home.absolute(), **given)


def _serve(settings: Settings) -> int:
    from localaws.allocator import share_heaps
    from localaws.server import Server

    share_heaps()
    # moto keeps many objects that rarely end: by default Python would search all of them for garbage again and again.
    gc.set_threshold(*_GARBAGE)
    server = Server(settings)
    server.start()
    gc.freeze()
    print(f"localaws answers at {server.endpoint} (home {settings.home})", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        # stop() joins the serving threads, so it must not run in the thread that the signal interrupts.
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    server.serve()
    server.stopped.wait()
    sys.stdout.flush()
    # A thread that still serves a client who no longer reads would keep the interpreter from exiting.
    os._exit(0)


def _down(options: argparse.Namespace, defaults: Settings) -> int:
    home = Home(options.home)
    record = home.read_record()
    if not record:
        print(f"no server runs on {options.home}")
        return 0
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_DEADLINE
    while home.is_locked():
        if time.monotonic() > deadline:
            raise LocalAwsError(f"the server with pid {record.pid} did not stop within {STOP_DEADLINE:.0f} s")
        time.sleep(0.05)
    print(f"stopped the server with pid {record.pid}")
    return 0


def _status(options: argparse.Namespace, defaults: Settings) -> int:
    record = Home(options.home).read_record()
    if not record:
        print(f"no server runs on {options.home}")
        return 3
    print(f"running at {record.endpoint} (pid {record.pid}, region {record.region}, home {options.home})")
    return 0


def _certificate(options: argparse.Namespace, defaults: Settings) -> int:
    from localaws.certificates import ensure

    created = ensure(options.folder, options.name or ["localhost"])
    print(f"{options.folder}: {'made' if created else 'kept'} {', '.join(FILES)}")
    return 0


def _env(options: argparse.Namespace, defaults: Settings) -> int:
    record: ServerRecord | None = Home(options.home).read_record()
    if not record:
        raise LocalAwsError(f"no server runs on {options.home}; start one with: localaws up --home {options.home}")
    for name, value in Running(record.endpoint, record.region, options.home, record.pid).env.items():
        print(f"export {name}={value}")
    return 0
