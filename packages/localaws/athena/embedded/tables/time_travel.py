"""FOR TIMESTAMP AS OF and FOR VERSION AS OF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot
from sqlglot import exp

from localaws.athena.errors import QueryError, UnsupportedError

_TIME = re.compile(
    r"(?P<time>\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?)(?:\s*(?P<zone>[A-Za-z+-].*))?"
)


@dataclass(frozen=True)
class Version:
    """A snapshot and the schema in which it is read; ``is_empty`` for a table without snapshots."""

    snapshot_id: int | None
    schema: Schema
    is_empty: bool = False


def version_of(table: Table, node: exp.Table) -> Version:
    """The version that FOR requests; the current version without FOR.

    A branch is read in the table's schema, any other version in its own. Raises QueryError (INVALID_ARGUMENTS) for a
    version that does not exist, UnsupportedError for a version that is not a literal.
    """
    asked = node.args.get("version") or node.args.get("when")
    if asked is None:
        return Version(None, table.schema(), is_empty=table.current_snapshot() is None)
    if not isinstance(asked, exp.Version) or asked.args.get("kind") != "AS OF":
        raise UnsupportedError(f"time travel {asked.sql()}")
    if str(asked.this).upper() == "TIMESTAMP":
        return _own_schema(table, _at(table, asked.expression))
    return _numbered_or_named(table, asked.expression)


def _numbered_or_named(table: Table, node: exp.Expression) -> Version:
    if not isinstance(node, exp.Literal):
        raise UnsupportedError(f"FOR VERSION AS OF {node.sql()}")
    if not node.is_string:
        snapshot = table.snapshot_by_id(int(node.this))
        if snapshot is None:
            raise QueryError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {node.this}")
        return _own_schema(table, snapshot)
    reference = table.metadata.refs.get(node.this)
    if reference is None:
        raise QueryError("INVALID_ARGUMENTS", f"Cannot find snapshot with reference name: {node.this}")
    if reference.snapshot_ref_type == SnapshotRefType.BRANCH:
        return Version(reference.snapshot_id, table.schema())
    snapshot = table.snapshot_by_id(reference.snapshot_id)
    assert snapshot is not None
    return _own_schema(table, snapshot)


def _own_schema(table: Table, snapshot: Snapshot) -> Version:
    schema = table.schemas().get(snapshot.schema_id) if snapshot.schema_id is not None else None
    return Version(snapshot.snapshot_id, schema or table.schema())


def _at(table: Table, node: exp.Expression) -> Snapshot:
    moment = _moment(node)
    milliseconds = int(moment.timestamp() * 1000)
    snapshot = table.snapshot_as_of_timestamp(milliseconds, inclusive=True)
    if snapshot is None:
        shown = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} UTC"
        name = ".".join(table.name())
        raise QueryError("INVALID_ARGUMENTS", f"No version history table {name} at or before {shown}")
    return snapshot


def _moment(node: exp.Expression) -> datetime:
    """The instant of a TIMESTAMP or DATE literal; a literal without zone is in UTC."""
    text = node.this.this if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) else None
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        raise UnsupportedError(f"FOR TIMESTAMP AS OF {node.sql()}")
    try:
        moment = datetime.fromisoformat(match["time"])
        return moment.replace(tzinfo=_zone(match["zone"])).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError):
        raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal") from None


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None or name.upper() in ("UTC", "Z"):
        return ZoneInfo("UTC")
    if offset := re.fullmatch(r"([+-]\d{2}:\d{2})", name):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{offset[1]}").tzinfo  # type: ignore[return-value]
    return ZoneInfo(name)
