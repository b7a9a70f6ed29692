"""Descriptions of tables and columns, from their declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from estrela.etl.releases.contents import reader_tables
from estrela.etl.star_tables import StarTables
from estrela.etl.telemetry.job_runs import JOB_RUNS
from estrela.etl.telemetry.query_days import QUERY_DAYS
from estrela.model import star
from metabase.provision.change import differences
from metabase.provision.run import Run


@dataclass(frozen=True)
class Described:
    """A table of the lake, with the descriptions of itself and its columns."""

    schema: str
    name: str
    doc: str
    columns: Mapping[str, str]

    @property
    def path(self) -> str:
        """The name as ``schema.name``."""
        return f"{self.schema}.{self.name}"


def described_tables(star_name: str) -> tuple[Described, ...]:
    """Return the descriptions of all tables of a star that readers may see; empty for a site without a star."""
    if not star_name:
        return ()
    declared, tables = star.load(star_name), StarTables(star_name)
    lake = [
        *(tables.trusted(source) for source in declared.sources),
        *reader_tables(declared),
        JOB_RUNS,
        QUERY_DAYS,
    ]
    return tuple(
        Described(table.database, table.name, table.doc, {column.name: column.doc for column in table.columns})
        for table in lake
    )


def settle_descriptions(run: Run, database: int, tables: tuple[Described, ...]) -> list[str]:
    """Write the descriptions of tables and columns; return the tables that Metabase does not know even after a sync."""
    stored = _known(run, database)
    missing = [declared.path for declared in tables if not _complete(declared, stored)]
    if missing and run.writes:
        stored = _synced(run, database, tables)
    for table in tables:
        if table.path in stored:
            _settle(run, table, stored[table.path])
    return [declared.path for declared in tables if not _complete(declared, stored)]


def _known(run: Run, database: int) -> dict[str, Mapping[str, Any]]:
    if database < 0:
        return {}
    answer = run.client.get(f"/api/database/{database}/metadata", [("include_hidden", "true")])
    return {f"{table['schema']}.{table['name']}": table for table in answer["tables"]}


def _synced(run: Run, database: int, tables: tuple[Described, ...]) -> dict[str, Mapping[str, Any]]:
    """Start a sync and wait until every table appears, or the timeout is over; return the known tables."""
    run.client.post(f"/api/database/{database}/sync_schema", {})
    timeouts = run.client.timeouts
    stored = _known(run, database)
    for _ in range(int(timeouts.sync / timeouts.pause)):
        if all(_complete(table, stored) for table in tables):
            break
        run.sleep(timeouts.pause)
        stored = _known(run, database)
    return stored


def _complete(declared: Described, stored: Mapping[str, Mapping[str, Any]]) -> bool:
    table = stored.get(declared.path)
    return table is not None and declared.columns.keys() <= {field["name"] for field in table.get("fields") or ()}


def _settle(run: Run, declared: Described, table: Mapping[str, Any]) -> None:
    before, after = dict(_texts(declared, table)), {"description": declared.doc, **_prefixed(declared.columns, table)}
    left = differences(before, after)
    if not left or not run.changed("update", "description", declared.path, before, after):
        return
    if table.get("description") != declared.doc:
        run.client.put(f"/api/table/{table['id']}", {"description": declared.doc})
    for field in table["fields"]:
        wanted = declared.columns.get(field["name"])
        if wanted and field.get("description") != wanted:
            run.client.put(f"/api/field/{field['id']}", {"description": wanted})


def _texts(declared: Described, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "description", table.get("description")
    for field in table["fields"]:
        if field["name"] in declared.columns:
            yield f"column {field['name']}", field.get("description")


def _prefixed(columns: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, str]:
    there = {field["name"] for field in table["fields"]}
    return {f"column {name}": doc for name, doc in columns.items() if name in there}
