"""Task callables of a feed's DAG that work on the ledger. They move no data; Glue runs do that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from estrela.airflow.tasks import no_retry_if_permanent
from estrela.airflow.warehouse import parts_of
from estrela.model.feed_plan import LOAD, feed_dag_id


def load_run(feed: str, run_id: str) -> str:
    """Return the run key of the Glue run that loads ``feed`` in the DAG run ``run_id``."""
    return f"{feed_dag_id(feed)}/{run_id}/{LOAD}"


@no_retry_if_permanent
def has_file(feed: str, warehouse: Mapping[str, str]) -> bool:
    """Return whether the ledger has a file of ``feed`` that can be loaded now."""
    from estrela.ledger.claims import Claims

    parts = parts_of(warehouse)
    has_work = Claims(parts.database).has_work(parts.feeds[feed])
    print(f"A file of {feed} can be loaded." if has_work else f"No file of {feed} can be loaded yet.")
    return has_work


@no_retry_if_permanent
def choose_files(feed: str, warehouse: Mapping[str, str], run_id: str) -> dict[str, int]:
    """Release the files of dead runs and filter out files that the feed's order excludes; return both counts."""
    from estrela.ledger.claims import Claims

    parts, run = parts_of(warehouse), load_run(feed, run_id)
    claims, declared = Claims(parts.database), parts.feeds[feed]
    swept, left_out = claims.sweep(declared, run), claims.filter_out(declared, run)
    print(f"Files released from dead runs: {swept}; filtered out by the order {declared.order!s}: {left_out}.")
    return {"given_back": swept, "filtered_out": left_out}


@no_retry_if_permanent
def create_table(feed: str, warehouse: Mapping[str, str]) -> str:
    """Create the target table of ``feed`` or update it to match the declaration; return its name."""
    parts = parts_of(warehouse)
    declared = parts.feeds[feed]
    parts.loader(declared).ensure(declared)
    print(f"The table {declared.target} exists and has the columns of feed {feed}.")
    return declared.target


@no_retry_if_permanent
def log_files(feed: str, warehouse: Mapping[str, str], run_id: str) -> dict[str, int]:
    """Print the account or the error of every file that the run handled; return the sums."""
    from estrela.hooks.glue_logs import sentence

    files = parts_of(warehouse).ledger().of_run(load_run(feed, run_id))
    for file in files:
        account = f"{file['rows_in']} rows in = {file['rows_loaded']} loaded + {file['rows_rejected']} rejected"
        print(f"file {file['id']}, {file['key']}, is {file['state']}: {file['error'] or account}")
    loaded = [file for file in files if not file["error"]]
    sums = {name: sum(file[name] or 0 for file in loaded) for name in ("rows_in", "rows_loaded", "rows_rejected")}
    figures = {"files": len(loaded), "files_failed": len(files) - len(loaded), **sums}
    print(f"Feed {feed}: {sentence(figures)}")
    return figures


@no_retry_if_permanent
def notify(feeds: Sequence[str], warehouse: Mapping[str, str]) -> dict[str, int]:
    """Send each message that is due about ``feeds`` once; return the number of messages sent per channel.

    Raises DeliveryError if a channel is down; its messages are sent the next time.
    """
    from datetime import UTC, datetime

    from estrela.ledger.messages import send_messages

    parts = parts_of(warehouse)
    declared = [parts.feeds[name] for name in feeds]
    done = send_messages(parts.database, parts.places.channels(), declared, datetime.now(UTC))
    print(f"New messages: {done.noted}; sent: {dict(done.sent) or 'none, because no channel is configured'}")
    for failure in done.failures:
        raise failure
    return dict(done.sent)


def fail_files(context: Mapping[str, Any]) -> None:
    """Give up the files that a failed load task left In Progress: they become Fail or New."""
    from estrela.airflow.warehouse import parts_of_variables
    from estrela.ledger.claims import Claims

    ti = context["ti"]
    run = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}"
    reason = f"task {ti.task_id} of {ti.run_id} failed and is not retried"
    counts = Claims(parts_of_variables().database).give_up(run, reason)
    print(f"Files that run {run} left In Progress: {counts['Fail']} set to Fail, {counts['New']} set to New")
