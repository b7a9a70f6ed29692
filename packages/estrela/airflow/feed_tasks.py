"""What the tasks of a feed's DAG do in the ledger. None moves data: that is what Glue runs do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from estrela.airflow.warehouse import parts_of
from estrela.model.feed_plan import LOAD, feed_dag_id

Result = TypeVar("Result")


def ending_for_good(task: Callable[..., Result]) -> Callable[..., Result]:
    """Turn an EstrelaError that a retry cannot help into one that ends the task's retries."""

    @wraps(task)
    def tried(*args: Any, **kwargs: Any) -> Result:
        from airflow.sdk.exceptions import AirflowFailException

        from estrela.errors import EstrelaError

        try:
            return task(*args, **kwargs)
        except EstrelaError as error:
            if error.retriable:
                raise
            raise AirflowFailException(str(error)) from error

    return tried


def load_run(feed: str, run_id: str) -> str:
    """Return the run key of the Glue run that loads ``feed`` in a DAG run."""
    return f"{feed_dag_id(feed)}/{run_id}/{LOAD}"


@ending_for_good
def has_file(feed: str, warehouse: Mapping[str, str]) -> bool:
    """Return whether the ledger has a file of ``feed`` that may be loaded now."""
    from estrela.ledger.claims import Claims

    parts = parts_of(warehouse)
    return Claims(parts.database).has_work(parts.feeds[feed])


@ending_for_good
def choose_files(feed: str, warehouse: Mapping[str, str], run_id: str) -> dict[str, int]:
    """Give back the files of dead runs, and filter out those that the feed's order does not load; return how many."""
    from estrela.ledger.claims import Claims

    parts, run = parts_of(warehouse), load_run(feed, run_id)
    claims, declared = Claims(parts.database), parts.feeds[feed]
    return {"given_back": claims.sweep(declared, run), "filtered_out": claims.filter_out(declared, run)}


@ending_for_good
def create_table(feed: str, warehouse: Mapping[str, str]) -> str:
    """Create the target of ``feed`` if it is missing, or bring it in line; return its name."""
    parts = parts_of(warehouse)
    declared = parts.feeds[feed]
    parts.loader(declared).ensure(declared)
    return declared.target


@ending_for_good
def log_files(feed: str, warehouse: Mapping[str, str], run_id: str) -> Sequence[dict[str, Any]]:
    """Print and return what the run loaded, file by file, with the errors of those that were not."""
    found = parts_of(warehouse).ledger().of_run(load_run(feed, run_id))
    for one in found:
        account = f"{one['rows_in']} rows in = {one['rows_loaded']} loaded + {one['rows_rejected']} rejected"
        print(f"file {one['id']}, {one['key']}, is {one['state']}: {one['error'] or account}")
    return found


@ending_for_good
def notify(feeds: Sequence[str], warehouse: Mapping[str, str]) -> dict[str, int]:
    """Send what the ledger has to tell about ``feeds``, once; return the number of messages by channel.

    Raises DeliveryError if a channel is down; what it missed is sent the next time.
    """
    from datetime import UTC, datetime

    from estrela.ledger.messages import tell

    parts = parts_of(warehouse)
    declared = [parts.feeds[name] for name in feeds]
    told = tell(parts.database, parts.places.channels(), declared, datetime.now(UTC))
    print(f"{told.noted} new messages are noted; sent: {dict(told.sent) or 'nowhere, no channel is set'}")
    for failure in told.failures:
        raise failure
    return dict(told.sent)


def fail_files(context: Mapping[str, Any]) -> None:
    """Set the files to Fail that a load task which failed for good left In Progress."""
    from estrela.airflow.warehouse import parts_of_variables
    from estrela.ledger.claims import Claims

    ti = context["ti"]
    run = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}"
    failed = Claims(parts_of_variables().database).give_up(run, f"task {ti.task_id} of {ti.run_id} failed for good")
    print(f"{failed} files of run {run} were In Progress and are Fail now")
