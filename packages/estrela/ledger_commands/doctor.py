"""Checks what the ledger needs: each by itself, so that one that fails hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import EstrelaError, bounded
from estrela.ledger.schema import SCHEMA
from estrela.warehouse_parts import WarehouseParts

GRANTS = """
SELECT table_name, privilege FROM unnest(ARRAY['files', 'transitions', 'loads', 'rejects', 'messages']) AS table_name,
  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege
WHERE NOT has_table_privilege('ledger.' || table_name, privilege)
"""
LATE = "SELECT count(*) AS files FROM ledger.files WHERE state = 'In Progress' AND lease_until < clock_timestamp()"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    check: str
    is_good: bool
    text: str


class ProblemError(Exception):
    """A check found a problem, which the message names with what to do. Never leaves this module."""


def findings(parts: WarehouseParts) -> Iterator[Finding]:
    """Run every check."""
    checks: dict[str, Callable[[WarehouseParts], str]] = {
        "feeds": _feeds,
        "database": _database,
        "schema": _schema,
        "grants": _grants,
        "leases": _leases,
        "landing bucket": lambda parts: _bucket(parts, parts.places.landing),
        "archive bucket": lambda parts: _bucket(parts, parts.places.archive),
        "notification": _notification,
    }
    for name, check in checks.items():
        try:
            yield Finding(name, True, check(parts))
        except (ProblemError, EstrelaError, ClientError, BotoCoreError) as error:
            yield Finding(name, False, bounded(error))


def _feeds(parts: WarehouseParts) -> str:
    for name, problem in parts.found.problems.items():
        raise ProblemError(f"the declaration of {name} cannot be read: {problem}")
    return f"{len(parts.feeds)} feeds are declared"


def _database(parts: WarehouseParts) -> str:
    [row] = parts.database.query("SHOW server_version")
    return f"PostgreSQL {row['server_version']} answers"


def _schema(parts: WarehouseParts) -> str:
    there = parts.database.query("SELECT to_regclass('ledger.schema_version') IS NOT NULL AS is_there")[0]["is_there"]
    rows = parts.database.query("SELECT version_num FROM ledger.schema_version") if there else []
    current, newest = rows[0]["version_num"] if rows else "none", SCHEMA.newest_version()
    if current != newest:
        raise ProblemError(f"its version is {current}, the newest is {newest}; run: estrela ledger migrate")
    return f"at the newest version, {newest}"


def _grants(parts: WarehouseParts) -> str:
    lacking = parts.database.query(GRANTS)
    if lacking:
        first = lacking[0]
        raise ProblemError(f"the user may not {first['privilege']} in ledger.{first['table_name']}; grant it")
    return "the user may read and write the ledger"


def _leases(parts: WarehouseParts) -> str:
    ended = parts.database.query(LATE)[0]["files"]
    if ended:
        files = "1 file was" if ended == 1 else f"{ended} files were"
        raise ProblemError(f"{files} left In Progress by dead runs; the next run of the feed releases what it left")
    return "no file was left In Progress by a dead run"


def _bucket(parts: WarehouseParts, name: str) -> str:
    parts.session.client("s3").head_bucket(Bucket=name)
    return f"s3://{name} exists"


def _notification(parts: WarehouseParts) -> str:
    configuration: dict[str, Any] = dict(
        parts.session.client("s3").get_bucket_notification_configuration(Bucket=parts.places.landing)
    )
    kinds = ("LambdaFunctionConfigurations", "QueueConfigurations", "EventBridgeConfiguration")
    if not any(kind in configuration for kind in kinds):
        raise ProblemError(f"s3://{parts.places.landing} sends no events for new files, so only listings find them")
    return f"s3://{parts.places.landing} sends events for new files"
