"""Reports for operators: the progress of every delivery, and the details of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from dataharvest.metastore import VERSION, Item
from dataharvest.model.choreography import MESSAGES_SENT, Choreography
from dataharvest.model.delivery import day_of
from dataharvest.model.kind import KINDS
from dataharvest.progress import Done, Progress

STATUS = ("client", "date", "version", "state", "age", "missing")
_FILES = """
SELECT d.version, f.kind, f.object_key, f.rows_loaded, f.rows_rejected, f.refused_because, f.received_at
FROM dataharvest.delivered_file f LEFT JOIN dataharvest.delivery d
    ON f.file_id IN (d.client_file, d.portfolio_file, d.account_file, d.transaction_file)
WHERE (f.external_client, f.business_date) = (%s, %s) ORDER BY d.version NULLS LAST, f.file_id
"""
_STEPS = """
SELECT d.version, s.step, s.seconds, s.finished_at FROM dataharvest.finished_step s
JOIN dataharvest.delivery d USING (delivery_id)
WHERE (d.external_client, d.business_date) = (%s, %s) ORDER BY s.finished_at
"""
_REJECTS = """
SELECT q.kind, q.column_name, q.reason, count(*), min(q.line)
FROM dataharvest.quarantine q LEFT JOIN dataharvest.delivered_file f USING (file_id)
LEFT JOIN dataharvest.delivery d USING (delivery_id)
WHERE (coalesce(f.external_client, d.external_client), coalesce(f.business_date, d.business_date)) = (%s, %s)
GROUP BY q.kind, q.column_name, q.reason ORDER BY q.kind, q.column_name, q.reason
"""
_MESSAGES = """
SELECT version, type, count(*), count(sent_at), count(corrects) FROM dataharvest.outbox
WHERE (external_client, business_date) = (%s, %s) GROUP BY version, type ORDER BY version, type
"""


def status_rows(
    items: Iterable[Item], choreography: Choreography, progress: Progress | None, now: datetime
) -> Iterator[Sequence[str]]:
    """Yield one row per client's date, with the columns ``STATUS``. The age is the time since the last flag was set.

    A date whose files are all being loaded in chunks has neither version nor age, and is listed after the others.
    """
    items, parts = list(items), progress.unfinished() if progress else {}
    for item in [*items, *_unflagged(items, parts)]:
        missing = [flag for flag in choreography.flags if flag not in item]
        times = [datetime.fromisoformat(value) for name, value in item.items() if name.endswith("_at")]
        age = str(timedelta(seconds=int((now - max(times)).total_seconds()))) if times else ""
        state = "sent" if MESSAGES_SENT in item else _state(item, parts.get(_day(item), ()))
        yield item["partition_key"], item["sort_key"], str(item.get(VERSION, "-")), state, age, ", ".join(missing)


def _day(item: Item) -> tuple[str, str]:
    return item["partition_key"], item["sort_key"]


def _unflagged(items: Iterable[Item], parts: Iterable[tuple[str, str]]) -> Iterator[Item]:
    """Yield items for the dates without any flag, whose files are all large and still being loaded."""
    known = {_day(item) for item in items}
    for client, day in parts:
        if (client, day) not in known:
            yield {"partition_key": client, "sort_key": day}


def _state(item: Item, unfinished: Iterable[Done]) -> str:
    waiting = [kind.name for kind in KINDS if kind.flag not in item]
    state = f"waits for {', '.join(waiting)}" if waiting else "in progress"
    shown = ", ".join(f"{part.part} {part.done} of {part.total}" for part in unfinished)
    return f"{state} ({shown})" if shown else state


def explain(connection: Connection[Any], external_client: str, business_date: str) -> Iterator[str]:
    """Yield lines on the files, steps, rejected rows and messages of a client's date, without values of rows."""
    day = (external_client, day_of(business_date))
    for version, kind, key, loaded, rejected, refused, at in connection.execute(_FILES, day):
        what = f"refused: {refused}" if refused else f"{loaded} rows loaded, {rejected} rejected"
        yield f"version {version or '-'}: {kind} {key}: {what} ({at:%Y-%m-%d %H:%M:%S})"
    for version, step, seconds, at in connection.execute(_STEPS, day):
        yield f"version {version}: step {step} took {seconds:.2f} s ({at:%Y-%m-%d %H:%M:%S})"
    for kind, column, reason, count, line in connection.execute(_REJECTS, day):
        yield f"quarantine: {count} x {kind} {column or 'record'}: {reason}{f' (first in line {line})' if line else ''}"
    for version, message_type, written, sent, corrects in connection.execute(_MESSAGES, day):
        yield f"version {version}: {message_type}: {written} written, {sent} sent, {corrects} of them corrections"
