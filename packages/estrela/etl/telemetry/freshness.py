"""The check of a star's tables: stale tables, the time since which they are stale, and the messages about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from estrela.etl.releases.freshness import SourceAge, overdue_sources, stale_tables
from estrela.etl.telemetry.freshness_texts import fresh_message, stale_message
from estrela.etl.telemetry.incidents import Record
from estrela.model.star import Star


def after_check(record: Record, star: Star, ages: Mapping[str, SourceAge], now: datetime) -> Record:
    """Return the record after a check at ``now``.

    It has one new message if tables have become stale and one if tables are fresh again. Tables that are no longer
    declared are removed.
    """
    overdue = overdue_sources(star, ages, datetime.fromisoformat(record.watched_since), now)
    stale = stale_tables(star, overdue)
    declared = {table.name for table in (*star.tables, *star.marts)}
    new = {table: delay for table, delay in stale.items() if table not in record.since}
    over = {table: record.began(table) for table in record.since if table in declared and table not in stale}
    messages = [stale_message(star.name, new)] if new else []
    messages += [fresh_message(star.name, over, now)] if over else []
    known = {table: at for table, at in record.since.items() if table in stale}
    began = {table: delay.due.astimezone(UTC).isoformat(timespec="seconds") for table, delay in new.items()}
    return replace(record, since=known | began, unsent=(*record.unsent, *messages))
