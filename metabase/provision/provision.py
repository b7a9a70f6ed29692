"""The whole provisioning: sign in, then settle every kind of object in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from estrela.errors import some_of
from metabase.model import Site
from metabase.provision.change import Change
from metabase.provision.client import DEFAULT_TIMEOUTS, Client, Timeouts
from metabase.provision.collections import settle_collections
from metabase.provision.dashboards import archive_dashboards, settle_dashboards
from metabase.provision.databases import settle_database
from metabase.provision.descriptions import Described, settle_descriptions
from metabase.provision.errors import MetabaseError
from metabase.provision.homepage import ensure_homepage
from metabase.provision.permissions import settle_permissions
from metabase.provision.questions import archive_questions, settle_questions
from metabase.provision.run import Run
from metabase.provision.session import set_up, sign_in, wait_until_ready
from metabase.provision.smoke import run_cards
from metabase.provision.target import Target


@dataclass(frozen=True)
class Options:
    """Options of an apply: run every card at the end, accept tables that the lake does not have yet, send the keys of
    Athena again.
    """

    run_cards: bool = True
    allow_missing_tables: bool = False
    rotate_credentials: bool = False


@dataclass(frozen=True)
class Outcome:
    """The changes made, or in a plan the changes to make; notes for the reader; the number of cards that ran."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    cards_run: int = 0


DEFAULTS = Options()
OnChange = Callable[[Change], None]


def ignore_change(change: Change) -> None:
    """Ignore a change."""


def plan(
    site: Site,
    target: Target,
    tables: tuple[Described, ...],
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    on_change: OnChange = ignore_change,
) -> Outcome:
    """Return the changes that an apply would make; writes nothing. Raises MetabaseError."""
    client = Client(target.url, target.secrets, timeouts)
    run = Run(client, writes=False, on_change=on_change)
    if not wait_until_ready(client)["has-user-setup"]:
        for kind, name in _everything(site):
            run.changed("create", kind, name)
        return Outcome(tuple(run.changes), ("Metabase is empty: apply sets it up first",))
    sign_in(client, target)
    missing, _, _ = _settle(run, site, target, tables, DEFAULTS)
    if missing:
        run.notes.append(f"Metabase does not know {some_of(missing)} yet; apply makes it scan the database again")
    return Outcome(tuple(run.changes), tuple(run.notes))


def apply(
    site: Site,
    target: Target,
    tables: tuple[Described, ...],
    options: Options = DEFAULTS,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    on_change: OnChange = ignore_change,
) -> Outcome:
    """Apply the declarations to Metabase.

    Raises MetabaseError; completed changes remain, and the next apply continues.
    """
    client = Client(target.url, target.secrets, timeouts)
    run = Run(client, writes=True, on_change=on_change)
    properties = wait_until_ready(client)
    if properties["has-user-setup"]:
        sign_in(client, target)
    else:
        run.changed("create", "admin", target.email)
        set_up(client, target, properties)
    missing, questions, dashboards = _settle(run, site, target, tables, options)
    ran = run_cards(run, site, questions, dashboards) if options.run_cards else 0
    if missing and not options.allow_missing_tables:
        problem = f"{len(missing)} declared tables do not exist: {some_of(missing)}; fill the lake first"
        raise MetabaseError(site.database, f"{problem}, or allow missing tables")
    if missing:
        run.notes.append(f"tables that do not exist yet: {some_of(missing)}")
    return Outcome(tuple(run.changes), tuple(run.notes), ran)


def _settle(
    run: Run, site: Site, target: Target, tables: tuple[Described, ...], options: Options
) -> tuple[list[str], dict[str, int], dict[str, int]]:
    database = settle_database(run, site, target, rotate=options.rotate_credentials)
    missing = settle_descriptions(run, database, tables)
    collections = settle_collections(run, site)
    settle_permissions(run, site, collections, database)
    questions = settle_questions(run, site, database, collections.questions)
    dashboards = settle_dashboards(run, site.dashboards, collections, questions)
    archive_dashboards(run, site.dashboards, collections)
    archive_questions(run, site.questions, collections)
    ensure_homepage(run, site.homepage, collections.dashboards, dashboards)
    return missing, questions, dashboards


def _everything(site: Site) -> Iterator[tuple[str, str]]:
    yield "database", site.database
    for name in (site.collection, site.questions_collection, site.sandbox_collection):
        yield "collection", name
    for name in (site.analysts, site.engineers):
        yield "group", name
    for question in site.questions:
        yield "question", question.key
    for dashboard in site.dashboards:
        yield "dashboard", dashboard.key
