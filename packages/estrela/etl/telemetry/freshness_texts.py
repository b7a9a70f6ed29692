"""Messages about stale tables, with the tables, the source, the start, the allowed time and the next command."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from datetime import UTC, datetime, timedelta

from estrela.etl.releases.freshness import Cause, Overdue
from estrela.etl.telemetry.incidents import Message
from estrela.model.plan import dag_id

NEXT = {
    Cause.UNANSWERED: "see what failed: airflow dags list-runs {dag}; then run it:"
    " airflow dags unpause {dag} && airflow dags trigger {dag}",
    Cause.WITHHELD: "see why in the log of the task publish: airflow dags list-runs {dag}; once the cause is fixed:"
    " airflow dags trigger {dag}",
    Cause.ROLLED_BACK: "to show the newest release again:"
    " python -m estrela.operate rollback --star {star} --lake LAKE --release {reason}",
    Cause.SILENT: "ask the sender; once the data has arrived: airflow dags trigger {dag}",
}


def stale_message(star: str, stale: Mapping[str, Overdue]) -> Message:
    """Return the message about tables of ``star`` that have become stale: one line per cause, and the next steps."""
    tables: dict[Overdue, list[str]] = {}
    for name, overdue in sorted(stale.items(), key=lambda item: item[1].due):
        tables.setdefault(overdue, []).append(name)
    lines = [
        f"{', '.join(names)}: stale since {moment(delay.due)}. {_delay_reason(delay)};"
        f" {span(delay.allowed)} are allowed."
        for delay, names in tables.items()
    ]
    steps = [NEXT[delay.cause].format(dag=dag_id(star), star=star, reason=delay.reason) for delay in tables]
    lines += [f"Next: {step}" for step in dict.fromkeys(steps)]
    return Message(f"{star}: {_count(stale)} stale", "\n".join(lines))


def fresh_message(star: str, since: Mapping[str, datetime], now: datetime) -> Message:
    """Return the message about tables of ``star`` that are fresh again; ``since`` has the times they became stale."""
    lines = [f"{table} is fresh again; it was stale for {span(now - at)}." for table, at in sorted(since.items())]
    return Message(f"{star}: recovered: {_count(since)} fresh", "\n".join([*lines, "Next: nothing."]))


def moment(at: datetime) -> str:
    """Return a time as text to the minute: ``2026-11-28 12:04 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(time: timedelta) -> str:
    """Return a duration as text, rounded down: in days from three days on, in minutes below one hour, else in hours."""
    minutes = int(time.total_seconds() // 60)
    size, unit = (24 * 60, "day") if minutes >= 3 * 24 * 60 else (60, "hour") if minutes >= 60 else (1, "minute")
    number = minutes // size
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _delay_reason(delay: Overdue) -> str:
    since = f"since {moment(delay.last)}" if delay.last else "so far"
    if delay.cause is Cause.UNANSWERED:
        return f"The source {delay.source} has not answered all requests {since}"
    if delay.cause is Cause.SILENT:
        return f"The source {delay.source} answers, but has not delivered new data {since}"
    delivered = f"The data that the source {delay.source} has delivered {since}"
    if delay.cause is Cause.ROLLED_BACK:
        return f"{delivered} is in release {delay.reason}, which was rolled back"
    return f"{delivered} is not published: {delay.reason or 'no publish has succeeded since'}"


def _count(tables: Sized) -> str:
    number = len(tables)
    return "1 table is" if number == 1 else f"{number} tables are"
