"""Late DAG runs: the messages after a missed deadline and after a late success."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from estrela.etl.telemetry.freshness_texts import moment, span
from estrela.etl.telemetry.incidents import Message, Record

RUNS = "runs"
"""Name of the record of late runs."""
FORGET_AFTER = timedelta(days=7)
"""After a week, the late success of a run is no longer of interest."""
SUCCESS = "success"


def late(record: Record, dag: str, run: str, state: str, queued_at: datetime, now: datetime) -> Record:
    """Return the record with a run that has not succeeded in time. A recorded run is not added again."""
    name = _name(dag, run)
    if name in record.since:
        return record
    body = (
        f"The run {run} of {dag} has not succeeded {span(now - queued_at)} after it was queued at "
        f"{moment(queued_at)}; its state is {state}.\n"
        f"Next: see which task is running or has failed: airflow tasks states-for-dag-run {dag} {run}"
    )
    since = {**record.since, name: now.isoformat(timespec="seconds")}
    return replace(record, since=since, unsent=(*record.unsent, Message(f"{dag}: a run is late", body)))


def ended(record: Record, states: Mapping[str, str], now: datetime) -> Record:
    """Return the record without runs that have succeeded, with messages about them, and without runs older than a week.

    ``states`` maps incidents to the state of their run, "" if the run no longer exists; incidents without a state are
    not changed.
    """
    over = {name for name, state in states.items() if state in (SUCCESS, "")}
    over |= {name for name in record.since if now - record.began(name) > FORGET_AFTER}
    succeeded = [name for name in record.since if states.get(name) == SUCCESS]
    messages = [_recovered(name, now - record.began(name)) for name in succeeded]
    kept = {name: at for name, at in record.since.items() if name not in over}
    return replace(record, since=kept, unsent=(*record.unsent, *messages))


def states_of(record: Record, state_of: Callable[[str, str], str]) -> dict[str, str]:
    """Return the state of the run of each open incident; ``state_of`` takes the IDs of the DAG and of the run."""
    return {name: state_of(*name.split(" ", 1)) for name in record.since}


def _recovered(name: str, time: timedelta) -> Message:
    dag, run = name.split(" ", 1)
    body = f"The run {run} of {dag} has succeeded, {span(time)} after it was reported late.\nNext: nothing."
    return Message(f"{dag}: recovered: the late run has succeeded", body)


def _name(dag: str, run: str) -> str:
    return f"{dag} {run}"
