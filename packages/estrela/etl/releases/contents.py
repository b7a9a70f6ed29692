"""The views of a release: one per dimension, fact, mart and table of operations of a star."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from estrela.etl.lake_table import LakeTable
from estrela.etl.releases.mart_views import mart_sql
from estrela.etl.releases.release import View
from estrela.etl.releases.statements import RELEASE, RELEASE_COLUMNS, latest_sql, pinned, pinned_sql, runs_sql
from estrela.etl.star_tables import StarTables
from estrela.model.star import Star


@dataclass(frozen=True)
class Pin:
    """A table at a snapshot (0 if it has none yet), with its columns there."""

    table: LakeTable
    snapshot: int
    stored: tuple[str, ...]


def pinned_tables(star: Star) -> tuple[LakeTable, ...]:
    """Return the tables that readers see at the snapshots of a release."""
    tables = StarTables(star.name)
    return (*map(tables.refined, star.tables), tables.files, tables.rejects, tables.checks, tables.completeness)


def unpinned_tables(star: Star) -> tuple[LakeTable, ...]:
    """Return the logs, of which readers see the newest rows."""
    tables = StarTables(star.name)
    return (tables.runs, tables.maintenance)


def reader_tables(star: Star) -> tuple[LakeTable, ...]:
    """Return the tables that readers see in the star's own database: one per view, with its doc and columns."""
    release = LakeTable(star.name, RELEASE, "The release that all views of this database show", RELEASE_COLUMNS)
    marts = [LakeTable(star.name, mart.name, mart.doc, mart.all_columns) for mart in star.marts]
    return (
        *[replace(table, database=star.name) for table in (*pinned_tables(star), *unpinned_tables(star))],
        *marts,
        release,
    )


def views_of(star: Star, pins: Sequence[Pin]) -> tuple[View, ...]:
    """Return the views of a release that shows ``pins``, one per table of :func:`pinned_tables`.

    A mart reads the pinned tables directly and depends on no other view.
    """
    places = {pin.table.name: pinned(pin.table, pin.snapshot) for pin in pins}
    tables = [View(pin.table.name, pinned_sql(pin.table, pin.snapshot, pin.stored), pin.table.columns) for pin in pins]
    completeness = places[StarTables(star.name).completeness.name]
    marts = [View(mart.name, mart_sql(mart, places, completeness), mart.all_columns) for mart in star.marts]
    runs = StarTables(star.name).runs
    maintenance = StarTables(star.name).maintenance
    logs = (
        View(runs.name, runs_sql(star.name, runs), runs.columns),
        View(maintenance.name, latest_sql(maintenance), maintenance.columns),
    )
    return (*tables, *marts, *logs)
