"""The command line, with the commands serve and write."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from bcb_mirror.errors import FaultError, MirrorError
from bcb_mirror.faults import KINDS, Fault, fault_of
from bcb_mirror.folder_world import FolderWorld
from bcb_mirror.quarters import quarter_of
from bcb_mirror.synthetic_world import FIRST, LAST, SyntheticWorld
from bcb_mirror.world import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is printed as one line on stderr, with exit status 1."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.command(options))
    except MirrorError as error:
        print(f"bcb-mirror: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bcb-mirror", description="A stand-in for the Central Bank's services.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="answer until Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    serve.add_argument("--data", type=Path, metavar="DIR", help="serve a folder of real files")
    _add_world(serve)
    serve.add_argument("--until", metavar="QUARTER", help="publish the quarters after this one only on request")
    serve.add_argument("--withhold", action="append", default=[], metavar="QUARTER", help="list it, answer 204")
    serve.add_argument("--register", action="store_true", help="let IfDataCadastro answer (default: status 500)")
    serve.add_argument("--reordered", action="store_true", help="OData: another order in each answer without $orderby")
    serve.add_argument("--longest-page", type=int, default=0, metavar="N", help="OData: link to the next page after N")
    serve.add_argument(
        "--fault", action="append", default=[], metavar="JSON", help=f"{{'kind': ...}}, one of {', '.join(KINDS)}"
    )
    serve.set_defaults(command=_serve)
    write = commands.add_parser("write", help="write ranking-like files for benchmarks")
    write.add_argument("--rows", type=int, required=True, help="in all files together, 1 %% of them bad")
    write.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty or a new folder")
    write.add_argument("--seed", type=int, default=0, help="default 0")
    write.add_argument("--rows-a-file", type=int, default=1_000_000, help="default 1000000")
    write.set_defaults(command=_write)
    return parser


def _add_world(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--seed", type=int, help="of the synthetic world (default 0)")
    serve.add_argument("--institutions", type=int, help="in the ranking (default 120)")
    serve.add_argument("--others", type=int, help="only in the lists (default: twice as many)")
    serve.add_argument("--from", dest="first", metavar="QUARTER", help=f"default {FIRST}")
    serve.add_argument("--to", dest="last", metavar="QUARTER", help=f"default {LAST}")


def _serve(options: argparse.Namespace) -> int:
    from bcb_mirror.mirror import Mirror
    from bcb_mirror.serving import Server

    until = quarter_of(options.until) if options.until else None
    mirror = Mirror(_world(options), until, map(quarter_of, options.withhold), options.register)
    mirror.paging.reordered, mirror.paging.longest = options.reordered, options.longest_page
    for text in options.fault:
        mirror.faults.add(_fault(text))
    server = Server(mirror, options.port, options.host)
    for number in (signal.SIGINT, signal.SIGTERM):
        # stop() joins the serving threads, so it must not run in the thread that the signal interrupts
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    print(f"bcb-mirror answers at {server.url}", flush=True)
    server.serve()
    return 0


def _world(options: argparse.Namespace) -> World:
    synthetic = ("seed", "institutions", "others", "first", "last")
    if options.data:
        given = [name for name in synthetic if getattr(options, name) is not None]
        if given:
            raise MirrorError(f"--data serves real files: it does not go with the option for {', '.join(given)}")
        return FolderWorld(options.data)
    return SyntheticWorld(
        seed=options.seed or 0,
        institutions=120 if options.institutions is None else options.institutions,
        first=quarter_of(options.first) if options.first else FIRST,
        last=quarter_of(options.last) if options.last else LAST,
        others=options.others,
    )


def _fault(text: str) -> Fault:
    try:
        return fault_of(json.loads(text))
    except ValueError as error:
        raise FaultError(f"--fault {text[:80]!r} is not JSON: {error}") from error


def _write(options: argparse.Namespace) -> int:
    from bcb_mirror.bulk import write

    print(write(options.out, options.rows, options.seed, options.rows_a_file))
    return 0
