"""``python -m demo.harvest``: three clients deliver, and each client and portfolio gets exactly one message.

One client corrects a file, one delivers every kind of contradiction, one has ``TRANSACTIONS`` transactions (default
1,000,000): its file is split into chunks, and its portfolios are announced one by one. The local AWS delivers events
twice, late and in any order. ``FUNCTIONS`` is an optional folder of zips that ``lambdas/package.py --here`` has built.
With ``DATAHARVEST_URL`` and ``DATAHARVEST_PASSWORD`` its tables are in that database, as in Docker Compose, else in a
PostgreSQL of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from dataharvest.metastore import Item, Metastore
from dataharvest.model.choreography import MESSAGES_SENT, choreography
from dataharvest.resources import METASTORE
from demo.harvest_check import Values, recompute, values_of
from demo.harvest_database import ADDRESS, emptied, url_of
from demo.harvest_stack import BUCKET, Stack, deploy
from estrela.errors import EstrelaError
from estrela.hooks.database import DatabaseManager
from harvest_files.day import Day
from harvest_files.files import files
from localaws.errors import LocalAwsError
from localaws.postgres_server import postgres
from localaws.running import Running, running
from metabase.files import HERE, load
from metabase.invented import marked
from metabase.preview.postgres import Postgres
from metabase.preview.render import preview

PROJECT = Path(__file__).resolve().parents[2]
HOME = PROJECT / ".demo" / "harvest"
MISDELIVERY = "duplicates=0.5,reorder,delay=2s"
DEADLINE_SECONDS = 600.0
NORTH = Day("north", clients=20, portfolios=30, transactions=300)
SOUTH = Day("south", clients=20, portfolios=30, transactions=300, with_errors=True)
LAST_VERSION = 3
"""Last version of the client "north": its correction replaces two files, each of which opens a version."""
GREAT = Day("great", clients=100, portfolios=1100)
PORTFOLIOS_ABOVE = 1000
"""Portfolios above which a delivery is large; low enough that the portfolios of the client "great" are announced."""
BYTES_OF_ROW = 36
CHUNKS = 5
"""Minimum number of chunks for the transactions of the client "great"."""
SPLIT = """
SELECT f.chunks, p.done FROM dataharvest.delivered_file f, dataharvest.portfolio_progress p
JOIN dataharvest.delivery d USING (delivery_id)
WHERE f.file_id = d.transaction_file AND d.external_client = 'great' ORDER BY p.done LIMIT 1
"""


INTRODUCTION = """Three clients deliver clients, portfolios, accounts and transactions of one day, for one message per \
client and portfolio:
  north  corrects two of its files later
  south  has every kind of contradiction that the checks find
  great  has {transactions:,} transactions, which are loaded in chunks, and so many portfolios that each is announced
Events come twice, late and in any order. How far each delivery is, in flags of the metastore:"""


class HarvestError(Exception):
    """The demo ended with an unexpected result."""


@dataclass(frozen=True)
class Sent:
    """A message as a consumer receives it."""

    client: str
    version: int
    key: str
    body: dict[str, Any]


def main() -> int:
    """Run the demo; return 0 if every message is right. An expected error is printed as one line."""
    # SIGTERM unwinds the demo like an interrupt, so that no process is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    try:
        return _run(console)
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except (EstrelaError, HarvestError, LocalAwsError) as error:
        console.print(f"[red]harvest:[/] {error}", soft_wrap=True)
        return 1


def _run(console: Console) -> int:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    great = replace(GREAT, transactions=int(os.environ.get("TRANSACTIONS", "1000000")))
    packed = _packed(console)
    with _database() as dsn, running(HOME / "aws", misdeliver=MISDELIVERY, seed=7) as aws:
        with console.status("deploying the functions to the local AWS"):
            stack = deploy(aws, dsn, packed, _limits(great))
        console.print(INTRODUCTION.format(transactions=great.transactions), soft_wrap=True, highlight=False)
        started = time.monotonic()
        paths = {day.external_client: _upload(aws, day) for day in (NORTH, SOUTH, great)}
        metastore = Metastore(aws.client("dynamodb"), METASTORE)
        seen: dict[str, set[str]] = {}
        _watch(console, metastore, {"north": 1, "south": 1, "great": 1}, seen, started)
        console.print("north delivers again: its accounts and transactions are corrected.", highlight=False)
        paths["north"] |= _upload(aws, replace(NORTH, correction=1))
        _watch(console, metastore, {"north": LAST_VERSION, "south": 1, "great": 1}, seen, started)
        seconds = time.monotonic() - started
        sent = list(_received(aws, stack))
        _report(console, sent, seconds)
        database = DatabaseManager.from_url(make_url(dsn).set(drivername="postgresql+psycopg"))
        _report_large(console, database)
        drawn = preview(marked(load(HERE / "deliveries")), Postgres(database), HOME / "deliveries.html")
        console.print(f"The dashboard of the deliveries: {drawn.path}", soft_wrap=True)
        return _check(console, sent, {client: recompute(files) for client, files in paths.items()})


@contextmanager
def _database() -> Iterator[str]:
    """Yield the address of an empty database: the one that the environment names, else one of the demo's own."""
    if os.environ.get(ADDRESS):
        yield emptied(url_of(os.environ))
        return
    with postgres(HOME / "postgres") as dsn:
        yield dsn


def _limits(great: Day) -> dict[str, str]:
    """Return settings for which only the files of the client "great" are large."""
    size = str(great.transactions * BYTES_OF_ROW // (CHUNKS + 1))
    names = {"SPLIT_ABOVE": size, "CHUNK_BYTES": size, "PORTFOLIOS_ABOVE": str(PORTFOLIOS_ABOVE)}
    return {f"DATAHARVEST_{name}": value for name, value in names.items()}


def _packed(console: Console) -> Path:
    """Return the folder of the functions' zips: ``FUNCTIONS`` of the environment, or a new build."""
    if given := os.environ.get("FUNCTIONS"):
        return Path(given)
    with console.status("packing the functions"):
        subprocess.run([sys.executable, "lambdas/package.py", "--here"], cwd=PROJECT, check=True, capture_output=True)
    return PROJECT / "dist"


def _upload(aws: Running, day: Day) -> dict[str, Path]:
    """Write the files of a day and upload them; return their paths by kind."""
    written: dict[str, Path] = {}
    for key, parts in files(day):
        path = HOME / "files" / f"{day.correction}" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.writelines(parts)
        aws.client("s3").upload_file(str(path), BUCKET, f"in/{key}")
        written[path.name.split("_")[0]] = path
    return written


def _watch(
    console: Console, metastore: Metastore, versions: dict[str, int], seen: dict[str, set[str]], started: float
) -> None:
    """Print each flag that is not ``seen`` yet, until all clients' messages are sent. Raises HarvestError."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        items = {item["partition_key"]: item for item in metastore.items()}
        for client, item in items.items():
            name = f"{client} version {item['version']}"
            flags = [flag for flag in choreography().flags if flag in item]
            for flag in [flag for flag in flags if flag not in seen.get(name, set())]:
                console.print(f"{time.monotonic() - started:4.0f} s  {name}: {flag}", highlight=False)
            seen[name] = set(flags)
        if all(_is_done(items.get(client), version) for client, version in versions.items()):
            return
        time.sleep(0.5)
    raise HarvestError(f"no messages after {DEADLINE_SECONDS:.0f} s; the functions' logs are in {HOME}/aws")


def _is_done(item: Item | None, version: int) -> bool:
    return item is not None and item["version"] >= version and MESSAGES_SENT in item


def _received(aws: Running, stack: Stack) -> Iterator[Sent]:
    sqs = aws.client("sqs")
    while messages := sqs.receive_message(
        QueueUrl=stack.messages, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        done = [{"Id": str(at), "ReceiptHandle": receipt["ReceiptHandle"]} for at, receipt in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=stack.messages, Entries=done)
        for message in messages:
            said = {name: given["StringValue"] for name, given in message["MessageAttributes"].items()}
            yield Sent(said["external_client"], int(said["version"]), said["key"], json.loads(message["Body"]))


def _report(console: Console, sent: list[Sent], seconds: float) -> None:
    table = Table("client", "version", "type", "messages", box=None)
    for (client, version, kind), count in sorted(Counter((m.client, m.version, m.body["type"]) for m in sent).items()):
        table.add_row(client, str(version), kind, str(count))
    console.print(table)
    console.print(f"{seconds:.0f} s from the first upload to the last message.")


def _report_large(console: Console, database: DatabaseManager) -> None:
    """Print how the delivery of the client "great" was split. Raises HarvestError if it was not split."""
    rows = database.query(SPLIT)
    if not rows or not rows[0]["chunks"] or rows[0]["chunks"] < CHUNKS:
        raise HarvestError("the delivery of the great client was not split into chunks and portfolios")
    chunks, done = rows[0]["chunks"], rows[0]["done"]
    text = f"great: transactions loaded in {chunks} chunks; the values of {done} portfolios came from the streams."
    console.print(text, soft_wrap=True)


def _check(console: Console, sent: list[Sent], expected: dict[str, Values]) -> int:
    """Compare the final state of a consumer with the recomputation; return the exit status."""
    repeated = len(sent) - len({message.key for message in sent})
    held: dict[str, Values] = {client: {} for client in expected}
    for message in sorted(sent, key=lambda message: message.version):
        if message.body["type"] != "error_message":
            owner = next(value for name, value in message.body.items() if name.endswith("_reference"))
            held[message.client][message.body["type"], owner] = values_of(message.body)
    wrong = [client for client in expected if held[client] != expected[client]]
    if repeated or wrong:
        console.print(
            f"[red]{repeated} messages were received twice; wrong messages of: {', '.join(wrong) or 'nobody'}[/]"
        )
        return 1
    text = "[green]Every client and portfolio has exactly one valid message, and DuckDB computes the same values.[/]"
    console.print(text, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
