"""Athena SQL of the views that readers see."""

from __future__ import annotations

from collections.abc import Sequence

from estrela.etl.lake_table import LakeTable
from estrela.etl.releases.manifests import Pointer
from estrela.etl.releases.release import View
from estrela.etl.run_key import run_of
from estrela.model.column import Column

ATHENA_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(6)"}
"""Types whose names in Athena SQL (Trino) differ from those in Spark SQL."""
WIDER = {("int", "bigint"), ("int", "double"), ("bigint", "double")}
"""Pairs of types for which a UNION in Athena gives the second type."""
POINTER_COLUMNS = (
    Column("release_id", "bigint", "Current release"),
    Column("published_at", "string", "When its tables were published, UTC"),
    Column("replaced_id", "bigint", "Release that queries see which started before switched_at"),
    Column("replaced_published_at", "string", "When the tables of that release were published, UTC"),
    Column("switched_at", "double", "Start of the current release in seconds since 1970, UTC"),
    Column("latest_id", "bigint", "Newest release that was ever current"),
    Column("replaced_latest_id", "bigint", "The same for queries which started before switched_at"),
    Column("run_key", "string", "Run that published or rolled back"),
)
RELEASE_COLUMNS = (
    Column("release_id", "bigint", "Number of the release that a query sees"),
    Column("published_at", "string", "When its tables were published, UTC"),
    Column("latest_id", "bigint", "Newest release that was ever current; greater than release_id after a rollback"),
)
POINTER = "release_pointer"
RELEASE = "release"


def pinned_sql(table: LakeTable, snapshot: int, stored: Sequence[str]) -> str:
    """Return the query for a table at a snapshot with the columns ``stored``; it has no rows for snapshot 0 (none).

    Declared columns that the snapshot lacks are NULL.
    """
    columns = ", ".join(
        f'"{column.name}"' if snapshot and column.name in stored else f'{_null(column)} AS "{column.name}"'
        for column in table.columns
    )
    return f"SELECT {columns} FROM {pinned(table, snapshot)}" if snapshot else f"SELECT {columns} WHERE false"


def pinned(table: LakeTable, snapshot: int) -> str:
    """Return the FROM clause for the rows of a table at one snapshot; it has no rows for snapshot 0 (none)."""
    if snapshot:
        return f"{table.path} FOR VERSION AS OF {snapshot}"
    return f"({pinned_sql(table, 0, ())})"


def runs_sql(star: str, runs: LakeTable) -> str:
    """Return the query for the newest rows of the table of runs, without releases that were never current."""
    columns = ", ".join(_quoted(runs.columns))
    return f"SELECT {columns} FROM {runs.path} WHERE release_id <= (SELECT latest_id FROM {star}.{RELEASE})"


def latest_sql(table: LakeTable) -> str:
    """Return the query for a table's newest rows, for a log that belongs to no release."""
    return f"SELECT {', '.join(_quoted(table.columns))} FROM {table.path}"


def create_view(star: str, view: View) -> str:
    """Return the statement that creates or replaces a view of the star."""
    return f"CREATE OR REPLACE VIEW {star}.{view.name} AS\n{view.sql}"


def create_switching_view(star: str, old: tuple[int, View], new: tuple[int, View | None]) -> str:
    """Return the statement for a view that shows the old release until the pointer moves to the new one.

    It has the columns of the old view. Columns that the new view lacks are NULL in the new release, and a view that the
    new release lacks has no rows there.
    """
    (old_id, before), (new_id, after) = old, new
    branches = [_branch(star, old_id, ", ".join(_quoted(before.columns)), before)]
    if after is not None:
        columns = ", ".join(_converted(column, after.columns) for column in before.columns)
        branches.append(_branch(star, new_id, columns, after))
    return f"CREATE OR REPLACE VIEW {star}.{before.name} AS\n" + "\nUNION ALL\n".join(branches)


def drop_view(star: str, name: str) -> str:
    """Return the statement that drops a view of the star."""
    return f"DROP VIEW IF EXISTS {star}.{name}"


def note_rollback(runs: LakeTable, pointer: Pointer, changed: Sequence[str]) -> str:
    """Return the statement that adds the row of a rollback to the table of runs unless it exists."""
    run = run_of(pointer.run_key).replace("'", "''")
    return (
        f"INSERT INTO {runs.path} (release_id, replaces, run_key, published_at, tables, held_back)\n"
        f"SELECT {pointer.release_id}, {pointer.replaced_id}, '{run}', from_unixtime({pointer.switched_at!r}), "
        f"'{', '.join(changed)}', ''\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {runs.path} WHERE run_key = '{run}' AND release_id = {pointer.release_id})"
    )


def set_up(star: str, location: str) -> tuple[str, ...]:
    """Return the statements that create the star's database, the table of the pointer, and the view ``release`` of it.

    The view compares the pointer with the start time of the query. A query that reads several views reads the pointer
    several times but has only one start time, so it sees the same release in all views however long it takes.
    """
    columns = ", ".join(f"{column.name} {column.type}" for column in POINTER_COLUMNS)
    pointer = f"{star}_ops.{POINTER}"
    started_before = "to_unixtime(current_timestamp) < switched_at"
    return (
        f"CREATE DATABASE IF NOT EXISTS {star}",
        f"CREATE DATABASE IF NOT EXISTS {star}_ops",
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {pointer} ({columns}) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{location}'",
        f"CREATE OR REPLACE VIEW {star}.{RELEASE} AS\n"
        f"SELECT IF({started_before}, replaced_id, release_id) AS release_id,\n"
        f"  IF({started_before}, replaced_published_at, published_at) AS published_at,\n"
        f"  IF({started_before}, replaced_latest_id, latest_id) AS latest_id\n"
        f"FROM {pointer}",
    )


def _branch(star: str, number: int, columns: str, view: View) -> str:
    """Return the query for a view's rows, which has none unless the release is the current one."""
    current = f"(SELECT release_id FROM {star}.{RELEASE}) = {number}"
    return f"SELECT {columns}\nFROM (\n{view.sql}\n)\nWHERE {current}"


def _converted(old: Column, columns: Sequence[Column]) -> str:
    """Return the expression that converts a column of the new release to the type of the old one."""
    new = next((column for column in columns if column.name == old.name), None)
    if new is None:
        return f'{_null(old)} AS "{old.name}"'
    if new.type == old.type or (old.type, new.type) in WIDER:
        return f'"{old.name}"'
    return f'TRY_CAST("{old.name}" AS {_athena_type(old)}) AS "{old.name}"'


def _quoted(columns: Sequence[Column]) -> list[str]:
    return [f'"{column.name}"' for column in columns]


def _null(column: Column) -> str:
    return f"CAST(NULL AS {_athena_type(column)})"


def _athena_type(column: Column) -> str:
    return ATHENA_TYPES.get(column.type, column.type)
