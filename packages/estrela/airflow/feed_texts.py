"""Names and descriptions of the tasks of feeds, for Airflow's pages."""

from __future__ import annotations

from airflow.sdk import Asset

from estrela.airflow.tasks import TaskText
from estrela.model.feed import Feed
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD, RECONCILE, TRANSFORM

WAIT = "wait_for_file"
CHOOSE = "choose_files"
CREATE = "create_table"
LOG = "log"
DONE = "done"
NOTIFY = "notify"
TEXTS = {
    WAIT: TaskText(
        "Wait for a file",
        "Asks the ledger every 30 seconds whether a file of feed `{feed}` may be loaded. After an hour without one the"
        " run is skipped, and the next run waits.",
    ),
    CHOOSE: TaskText(
        "Choose the files",
        "Gives back the files of runs that died, and filters out those that the order `{order}` does not load. The"
        " task's XCom says how many files each of the two were.",
    ),
    CREATE: TaskText(
        "Create the table",
        "Creates `{target}` if it is missing, or adds the columns that the feed declares and the table lacks.",
    ),
    EXTRACT: TaskText(
        "Fetch new files",
        "Copies what is new at the origin of feed `{feed}` into the landing bucket, and registers the files there that"
        " no event told of.",
    ),
    TRANSFORM: TaskText(
        "Try new files",
        "Reads every new file to its end as the load does, and keeps nothing: a file that cannot be loaded is known"
        " before `{target}` is touched.",
    ),
    LOAD: TaskText(
        "Load the files",
        "Claims and loads file by file into `{target}`, each in one transaction with its counts. A file that fails is"
        " set to Fail with the reason; the others are loaded. Updates the asset `x-estrela://warehouse/{target}`.",
    ),
    RECONCILE: TaskText(
        "Delete what the source deleted",
        "Deletes the rows of `{target}` whose keys the source no longer has, as often as the feed declares; other days"
        " it does nothing.",
    ),
    LOG: TaskText(
        "Account for every file",
        "Says in its log, for every file of this run, rows in, loaded and rejected, or why it was not loaded. The"
        " task's XCom has the sums.",
    ),
    ARCHIVE: TaskText("Archive what is settled", "Moves files that are loaded or filtered out to the archive bucket."),
    DONE: TaskText("Everything succeeded", "Fails the run if a task before it failed, so that somebody looks."),
    NOTIFY: TaskText(
        "Tell people",
        "Sends what the ledger has to tell, each message once: files that failed, are late, empty or odd, rejected"
        " rows, and what is over. It also runs when a task before it failed. The task's XCom has the number of messages"
        " sent by each channel.",
    ),
}


def feed_text(feed: Feed, task: str) -> TaskText:
    """Return the name and description of a task of ``feed``; ``task`` is a key of :data:`TEXTS`."""
    text = TEXTS[task]
    filled = TaskText(text.name, text.doc.format(feed=feed.name, target=feed.target, order=feed.order))
    return filled.of_glue() if task in (EXTRACT, TRANSFORM, LOAD, RECONCILE, ARCHIVE) else filled


def table_asset(feed: Feed) -> Asset:
    """Return the asset that a load of ``feed`` updates. Its URI scheme is the same as for releases of stars."""
    return Asset(f"x-estrela://warehouse/{feed.target}")
