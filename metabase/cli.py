"""``python -m metabase plan|apply|check|preview``: show changes, make them, check the files, draw a page."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError

from estrela.errors import EstrelaError, SettingsError
from estrela.hooks.secret import Secret
from estrela.warehouse_parts import WarehouseParts
from metabase.files import FOLDER, load
from metabase.invented import CHOICES, marked, marked_by_lake
from metabase.model import Site
from metabase.preview.athena import Athena, QueryError
from metabase.preview.postgres import Postgres
from metabase.provision.client import DEFAULT_TIMEOUTS
from metabase.provision.descriptions import described_tables
from metabase.provision.provision import Options, Outcome, apply, plan
from metabase.provision.target import target_from

UNCHANGED, FAILED, DIFFERENT = 0, 1, 2
OF_DATAHARVEST = "DATAHARVEST_DATABASE_SECRET"


def main(argv: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Run a command; return 0 if Metabase is (now) as declared, 1 after an error, 2 for a plan with changes."""
    arguments = _parser().parse_args(argv)
    try:
        return _done(arguments, os.environ if environment is None else environment)
    except EstrelaError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED


def _done(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    site = load(arguments.folder)
    if arguments.command != "check":
        site = _marked_if_invented(site, arguments.data or environment.get("METABASE_DATA", ""), arguments.command)
    if arguments.command == "check":
        print(f"{len(site.questions)} questions on {len(site.dashboards)} dashboards are sound")
        return UNCHANGED
    if arguments.command == "preview":
        return _previewed(site, arguments.workgroup, arguments.out)
    target = target_from(environment, _secret)
    tables = described_tables(site.star)
    timeouts = replace(DEFAULT_TIMEOUTS, start=arguments.wait, sync=arguments.sync_wait)
    on_change: Callable[[object], None] = _print_nothing if arguments.json else print
    if arguments.command == "plan":
        outcome = plan(site, target, tables, timeouts, on_change)
        _print(outcome, as_json=arguments.json)
        return DIFFERENT if outcome.changes else UNCHANGED
    options = Options(
        run_cards=not arguments.no_run_cards,
        allow_missing_tables=arguments.allow_missing_tables,
        rotate_credentials=arguments.rotate_credentials,
    )
    _print(apply(site, target, tables, options, timeouts, on_change), as_json=arguments.json)
    return UNCHANGED


def _marked_if_invented(site: Site, data: str, command: str) -> Site:
    """Return ``site``, marked if its data is invented. Raises SettingsError."""
    if data and data not in CHOICES:
        raise SettingsError("METABASE_DATA", f"{data!r} is not one of {', '.join(CHOICES)}")
    asked = data or ("lake" if command == "preview" and site.star else "real")
    if asked == "lake":
        _require_region()
        return marked_by_lake(site, boto3.Session())
    return marked(site) if asked == "invented" else site


def _require_region() -> None:
    if boto3.Session().region_name is None:
        problem = "is not set, so no AWS is named; set it, with credentials, or draw the last demo's lake: make preview"
        raise SettingsError("AWS_REGION", problem)


def _previewed(site: Site, workgroup: str, out: Path) -> int:
    # Imported here, because Vega's JavaScript bundle is slow to import, and only this command needs it.
    from metabase.preview.render import preview

    drawn = preview(site, _database(site, workgroup), out)
    for key in drawn.empty:
        print(f"note: question {key} has no rows")
    cost = "" if drawn.scanned_bytes is None else f", {drawn.scanned_bytes:,} bytes scanned"
    print(f"{drawn.path}: {drawn.cards} questions{cost}")
    return UNCHANGED


def _database(site: Site, workgroup: str) -> Athena | Postgres:
    """Return the database that answers the questions of ``site``. Raises QueryError and SettingsError."""
    if site.engine == "postgres":
        parts = WarehouseParts(_with_server(site, os.environ), boto3.Session())
        return Postgres(parts.database)
    try:
        return Athena(boto3.client("athena"), workgroup)
    except BotoCoreError as error:
        raise QueryError("Athena", str(error)) from error


def _with_server(site: Site, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the secret of the site's server as the warehouse's. Raises SettingsError."""
    if site.server == "warehouse":
        return environ
    if not environ.get(OF_DATAHARVEST):
        raise SettingsError(OF_DATAHARVEST, "is not set")
    return {"ESTRELA_WAREHOUSE_SECRET": environ[OF_DATAHARVEST]}


def _print_nothing(_: object) -> None:
    """Print nothing: changes are printed at the end, as one JSON object."""


def _print(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        changes = [{"action": change.action, "kind": change.kind, "name": change.name} for change in outcome.changes]
        report = {"changes": changes, "notes": list(outcome.notes), "cards_run": outcome.cards_run}
        print(json.dumps(report, ensure_ascii=False))
        return
    for note in outcome.notes:
        print(f"note: {note}")
    ran = f", {outcome.cards_run} cards run" if outcome.cards_run else ""
    print(f"{len(outcome.changes)} change{'' if len(outcome.changes) == 1 else 's'}{ran}")


def _secret(name: str) -> Mapping[str, str]:
    return Secret(boto3.client("secretsmanager"), name).fields()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("metabase", description="Dashboards as code.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("plan", "print what differs; exit status 2 if something does"),
        ("apply", "make Metabase as declared"),
        ("check", "read the files and talk to nobody"),
        (
            "preview",
            "draw every dashboard on one offline page, from the database that the variables name",
        ),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--folder", type=Path, default=FOLDER, help="folder of questions/ and dashboards/")
        if name != "check":
            command.add_argument("--data", choices=CHOICES, help="whether the data is real; lake: as its record says")
        if name == "preview":
            command.add_argument("--out", type=Path, required=True, help="the HTML file")
            command.add_argument("--workgroup", default="estrela", help="Athena workgroup that keeps the results")
        if name in ("plan", "apply"):
            command.add_argument("--json", action="store_true", help="one JSON object instead of lines")
            command.add_argument(
                "--wait", type=float, default=DEFAULT_TIMEOUTS.start, help="seconds to wait for Metabase to start"
            )
            command.add_argument(
                "--sync-wait", type=float, default=DEFAULT_TIMEOUTS.sync, help="seconds to wait for its sync"
            )
        if name == "apply":
            command.add_argument("--no-run-cards", action="store_true", help="do not run every card at the end")
            command.add_argument(
                "--allow-missing-tables", action="store_true", help="do not fail if the lake lacks declared tables"
            )
            command.add_argument(
                "--rotate-credentials", action="store_true", help="send Athena's keys again, even if unchanged"
            )
    return parser
