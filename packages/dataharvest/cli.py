"""``dataharvest status``, ``explain``, ``replay``, ``forget``, ``forget-again``, ``rotate-keys``.

These commands use the functions' settings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import boto3

from dataharvest import audit
from dataharvest.erasure.erased_clients import ErasedClients, digest_of
from dataharvest.erasure.forget import Erasure
from dataharvest.erasure.streams import Streams
from dataharvest.erasure.tables import delivered_buckets, references
from dataharvest.functions import Functions
from dataharvest.key_rotation import rotate
from dataharvest.model.delivery import day_of
from dataharvest.progress import Progress
from dataharvest.replay import replay
from dataharvest.report import STATUS, explain, status_rows
from estrela.errors import EstrelaError, LoadError, SettingsError, some_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an expected error is printed as one line on stderr, with exit status 1."""
    options = _parser().parse_args(arguments)
    try:
        for line in options.command(Functions.from_environment(), options):
            print(line)
    except EstrelaError as error:
        print(f"dataharvest: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dataharvest", description="Operate the deliveries of external clients.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    status = commands.add_parser("status", help="list each client's open dates: state, age, missing flags")
    status.set_defaults(command=_status)
    explained = commands.add_parser("explain", help="show the files, steps, rejected rows and messages of a date")
    explained.add_argument("client", help="external client, as in the names of its files")
    explained.add_argument("date", help="YYYYMMDD")
    explained.set_defaults(command=_explain)
    replayed = commands.add_parser("replay", help="process batches of streams again that Lambda gave up on")
    replayed.add_argument("address", help="s3://bucket/prefix of the mapping's on-failure destination")
    replayed.set_defaults(command=_replay)
    forgotten = commands.add_parser("forget", help="erase a client from tables, delivered files and messages")
    forgotten.add_argument("client_reference", help="reference of the client, as in the clients file")
    forgotten.set_defaults(command=_forget)
    again = commands.add_parser("forget-again", help="erase clients forgotten earlier from a restored database")
    again.set_defaults(command=_forget_again)
    for command in (forgotten, again):
        command.add_argument(
            "--bucket", action="append", default=[], help="a further bucket of delivered files; repeatable"
        )
    rotated = commands.add_parser("rotate-keys", help="encrypt the data keys with the KMS key of the settings")
    rotated.set_defaults(command=_rotate)
    return parser


def _status(functions: Functions, _: argparse.Namespace) -> Iterator[str]:
    table = functions.settings.progress_table
    progress = Progress(boto3.client("dynamodb"), table) if table else None
    entries = status_rows(functions.metastore.items(), functions.choreography, progress, datetime.now(UTC))
    rows = [STATUS, *entries]
    widths = [max(len(row[at]) for row in rows) for at in range(len(STATUS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _explain(functions: Functions, given: argparse.Namespace) -> Iterator[str]:
    try:
        day_of(given.date)
    except ValueError:
        raise SettingsError("date", f"{given.date!r} is not a date such as 20220226") from None
    _audit(functions, "explain", f"{given.client} {given.date}")
    with functions.database.transaction() as connection:
        lines = list(explain(connection, given.client, given.date))
    yield from lines or [f"there is no data of {given.client} on {given.date}"]


def _replay(functions: Functions, given: argparse.Namespace) -> Iterator[str]:
    _audit(functions, "replay", given.address)
    return replay(boto3.client("s3"), functions.dispatcher, given.address)


def _forget(functions: Functions, given: argparse.Namespace) -> Iterator[str]:
    """Erase a client. The audit must not name the client, so it records a digest of the reference."""
    _audit(functions, "forget", f"sha256:{digest_of(given.client_reference)}")
    if functions.settings.forgotten:
        ErasedClients(boto3.client("s3"), functions.settings.forgotten).note(given.client_reference)
    yield from _erase(functions, given.client_reference, given.bucket)


def _forget_again(functions: Functions, given: argparse.Namespace) -> Iterator[str]:
    _audit(functions, "forget-again", functions.settings.forgotten)
    digests = ErasedClients(boto3.client("s3"), functions.settings.forgotten).digests()
    with functions.database.transaction() as connection:
        clients = [reference for reference in references(connection) if digest_of(reference) in digests]
    for reference in clients:
        yield from _erase(functions, reference, given.bucket)
    yield f"{len(clients)} of the {len(digests)} clients that were forgotten earlier were in the database"


def _erase(functions: Functions, client_reference: str, more_buckets: Sequence[str]) -> Iterator[str]:
    with functions.database.transaction() as connection:
        buckets = {*more_buckets, *delivered_buckets(connection)}
    erasure = _erasure(functions, tuple(sorted(buckets)))
    client = erasure.find(client_reference)
    yield from erasure.erase(client)
    left = list(erasure.left(client))
    if left:
        problem = f"some data remains; run forget again, and see what writes it: {some_of(left)}"
        raise LoadError("forget", problem)
    searched = ", ".join(sorted(buckets)) or "no bucket"
    yield f"no data remains in tables, {searched}, messages and streams; {len(client.days)} dates searched"


def _erasure(functions: Functions, buckets: tuple[str, ...]) -> Erasure:
    settings = functions.settings
    names = [f"{settings.streams}{transformer.stream}" for transformer in functions.choreography.streamed]
    streams = Streams(boto3.client("kinesis"), tuple(names) if settings.bus else ())
    s3 = boto3.client("s3")
    held = (functions.database, functions.vault, s3, functions.sqs, settings.messages)
    return Erasure(*held, buckets, streams, settings.failed_batches)


def _rotate(functions: Functions, _: argparse.Namespace) -> Iterator[str]:
    _audit(functions, "rotate-keys", functions.settings.kms_key)
    count = rotate(functions.database, boto3.client("kms"), functions.settings.kms_key)
    yield f"{count} data keys re-encrypted"


def _audit(functions: Functions, action: str, subject: str) -> None:
    audit.record(functions.database, boto3.client("sts"), action, subject)


if __name__ == "__main__":
    sys.exit(main())
