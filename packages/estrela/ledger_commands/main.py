"""The commands of ``estrela ledger``. Exit codes: 0 done, 1 failed or a check failed, 2 wrong arguments."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from estrela.errors import DefinitionError, EstrelaError, LoadError
from estrela.feed_steps import FeedSteps
from estrela.hooks.glue_logs import sentence
from estrela.ledger.claims import unclaimed
from estrela.ledger.expectations import Expectations
from estrela.ledger.messages import send_messages
from estrela.ledger.schema import SCHEMA
from estrela.ledger.state import State
from estrela.ledger_commands import texts
from estrela.ledger_commands.doctor import findings
from estrela.model.feed import Feed
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD
from estrela.warehouse_parts import WarehouseParts

Command = Callable[[argparse.Namespace, WarehouseParts], int]


def main(argv: Sequence[str], parts: Callable[[], WarehouseParts]) -> int:
    """Run one command and return its exit code; an expected error is one line on standard error."""
    given = parser().parse_args(argv)
    command: Command = COMMANDS[given.command]
    try:
        return command(given, parts())
    except EstrelaError as error:
        print(f"{given.command}: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    root = argparse.ArgumentParser(prog="estrela ledger", description="Query the file ledger and operate its files.")
    commands = root.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="list the newest registered files")
    listing.add_argument("--feed", default="", help="only files of this feed")
    listing.add_argument("--state", default="", choices=["", *State], help="only files in this state")
    listing.add_argument("--most", type=int, default=50, help="maximum number of files (default: 50)")
    explain = commands.add_parser("explain", help="show the history of a file and what to do next")
    explain.add_argument("--json", action="store_true", help="print the history as JSON")
    plan = commands.add_parser("plan", help="show which rows of a file a load would change; changes nothing itself")
    retry = commands.add_parser("retry", help="let a file that failed, was rejected or filtered out be loaded again")
    withdraw = commands.add_parser("withdraw", help="delete the rows of a file from its table")
    for command in (explain, plan, retry, withdraw):
        command.add_argument("file", help="id, key or s3:// address of a file")
    retry.add_argument("--reason", default="retried by an operator", help="recorded with the file")
    withdraw.add_argument("--reason", required=True, help="recorded with the file")
    replay = commands.add_parser(
        "replay", help="judge rejected rows by the current declaration, and load the good ones"
    )
    replay.add_argument("--feed", required=True, help="name of the feed")
    replay.add_argument("--code", default="", help="only rejects with this code, as `explain` shows it")
    register = commands.add_parser(
        "register", help="copy new data from the feed's source, and register the files in the landing bucket"
    )
    load = commands.add_parser("load", help="do the same as register, then load and archive the files")
    archive = commands.add_parser("archive", help="move files that are loaded or filtered out to the archive bucket")
    for command in (register, load, archive):
        command.add_argument("--feed", required=True, help="name of the feed")
    notify = commands.add_parser("notify", help="send new messages: files failed, late, empty or odd, problems solved")
    notify.add_argument("--feed", default="", help="only messages about this feed")
    commands.add_parser("doctor", help="check the database, buckets and declarations that the ledger needs")
    commands.add_parser("migrate", help="create the ledger's schema or upgrade it to the newest version")
    return root


def _run() -> str:
    return f"operator/{datetime.now(UTC):%Y%m%dT%H%M%S}"


def _list(given: argparse.Namespace, parts: WarehouseParts) -> int:
    files = parts.ledger().list(given.feed, given.state, given.most)
    print(texts.table(files) if files else "no file")
    if not given.state:
        for unexpected in Expectations(parts.database).unexpected(_feeds(parts, given.feed), datetime.now(UTC)):
            print(f"{unexpected.kind}: {unexpected.feed}: {unexpected.address or 'no file'}: {unexpected.text}")
    return 0


def _explain(given: argparse.Namespace, parts: WarehouseParts) -> int:
    history = parts.ledger().history(given.file)
    print(json.dumps(asdict(history), default=str, indent=1) if given.json else texts.history(history))
    return 0


def _feed(parts: WarehouseParts, name: str) -> Feed:
    if name in parts.found.problems:
        raise DefinitionError(name, f"cannot be read: {parts.found.problems[name]}")
    if name not in parts.feeds:
        raise DefinitionError("Feed", f"no feed is called {name!r}", parts.feeds)
    return parts.feeds[name]


def _feeds(parts: WarehouseParts, name: str) -> list[Feed]:
    """Return the feed of this name, or all."""
    return [parts.feeds[name]] if name in parts.feeds else [] if name else list(parts.feeds.values())


def _plan(given: argparse.Namespace, parts: WarehouseParts) -> int:
    file = parts.ledger().find(given.file)
    feed = _feed(parts, str(file["feed"]))
    claim = unclaimed(feed, _run(), file)
    if file["is_manifest"]:
        raise LoadError(claim.address, "it is a manifest, which lists files and has no rows", retriable=False)
    account = parts.loader(feed).plan(claim)
    print(f"file {file['id']}, {claim.address}, is {file['state']}" + (f": {file['reason']}" if file["reason"] else ""))
    print(f"feed {feed.name}: load={feed.load}, order={feed.order}, on_overwrite={feed.on_overwrite}")
    print(f"it would load {account.loaded} of {account.rows} rows into {feed.target} and reject {account.rejected}; "
          f"{account.changed} rows of the table would be new or changed. Nothing was changed.")  # fmt: skip
    return 0


def _retry(given: argparse.Namespace, parts: WarehouseParts) -> int:
    file = parts.ledger().retry(given.file, _run(), given.reason)
    print(f"file {file['id']} was {file['state']} and is now New; the next run of its feed loads it")
    return 0


def _withdraw(given: argparse.Namespace, parts: WarehouseParts) -> int:
    file = parts.ledger().find(given.file)
    feed = _feed(parts, str(file["feed"]))
    rows = parts.changes(feed).withdraw(feed, file["id"], _run(), given.reason)
    print(f"file {file['id']} is withdrawn: {rows} rows were deleted from {feed.target}")
    return 0


def _replay(given: argparse.Namespace, parts: WarehouseParts) -> int:
    feed = _feed(parts, given.feed)
    changes, run = parts.changes(feed), _run()
    files = changes.with_rejects(feed, given.code)
    accounts = [changes.replay(feed, file, run, given.code) for file in files]
    loaded, rejected = sum(account.loaded for account in accounts), sum(account.rejected for account in accounts)
    print(f"{feed.name}: {len(files)} files with rejects; {loaded} rows were loaded, {rejected} are still rejected")
    return 0


def _register(given: argparse.Namespace, parts: WarehouseParts) -> int:
    _run_step(given, parts, EXTRACT)
    return 0


def _load(given: argparse.Namespace, parts: WarehouseParts) -> int:
    _run_step(given, parts, EXTRACT)
    try:
        _run_step(given, parts, LOAD)
    finally:
        # A file that failed holds back none of those that were loaded.
        _run_step(given, parts, ARCHIVE)
    return 0


def _archive(given: argparse.Namespace, parts: WarehouseParts) -> int:
    _run_step(given, parts, ARCHIVE)
    return 0


def _run_step(given: argparse.Namespace, parts: WarehouseParts, phase: str) -> None:
    """Run a step of a feed as a Glue run does, and print its figures."""
    figures = FeedSteps(parts, _feed(parts, given.feed), _run()).step(phase).run()
    print(f"{phase}: {sentence(figures) or 'nothing was due'}")


def _notify(given: argparse.Namespace, parts: WarehouseParts) -> int:
    feeds = [_feed(parts, given.feed)] if given.feed else list(parts.feeds.values())
    delivery = send_messages(parts.database, parts.places.channels(), feeds, datetime.now(UTC))
    print(f"{delivery.noted} new messages were recorded")
    for channel, sent in delivery.sent.items():
        print(f"{channel}: {sent} messages were sent")
    for failure in delivery.failures:
        raise failure
    return 0


def _doctor(given: argparse.Namespace, parts: WarehouseParts) -> int:
    listed = list(findings(parts))
    for finding in listed:
        print(f"{'good' if finding.is_good else 'BAD '}  {finding.check}: {finding.text}")
    return 0 if all(check.is_good for check in listed) else 1


def _migrate(given: argparse.Namespace, parts: WarehouseParts) -> int:
    SCHEMA.migrate(parts.database)
    print("the schema of the ledger is at its newest version")
    return 0


COMMANDS: Mapping[str, Command] = {
    "list": _list,
    "explain": _explain,
    "plan": _plan,
    "retry": _retry,
    "withdraw": _withdraw,
    "replay": _replay,
    "register": _register,
    "load": _load,
    "archive": _archive,
    "notify": _notify,
    "doctor": _doctor,
    "migrate": _migrate,
}
