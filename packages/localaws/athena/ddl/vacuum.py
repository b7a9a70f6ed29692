"""VACUUM: the same on every engine, because it changes only an Iceberg table's metadata and files, not its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException

from localaws.athena.entries.iceberg_tables import iceberg_entry, number
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.iceberg.maintenance import Retention, expire_snapshots, remove_orphans

if TYPE_CHECKING:
    from localaws.athena.engine import Context

_AGE = ("vacuum_max_snapshot_age_seconds", 432_000)
_SNAPSHOTS = ("vacuum_min_snapshots_to_keep", 1)


def vacuum(context: Context, statement: Statement) -> Lines:
    """Expire old snapshots, then delete files that the table does not reference."""
    cursor = Cursor(statement)
    cursor.expect("VACUUM")
    table = iceberg_entry(context, cursor.qualified_name(), "VACUUM")
    cursor.expect_end()
    age = number(table, _AGE)
    try:
        expire_snapshots(table, Retention(age, number(table, _SNAPSHOTS)))
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit to Iceberg table: {error}") from error
    remove_orphans(table.refresh(), context.store, age)
    return Lines()
