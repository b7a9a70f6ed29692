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
        "Asks the ledger every 30 seconds whether a file of feed `{feed}` can be loaded. If no file arrives within an"
        " hour, the run is skipped and the next run waits.",
    ),
    CHOOSE: TaskText(
        "Choose the files",
        "Releases the files that dead runs had claimed, and filters out files that the order `{order}` does not load."
        " The task's XCom has both numbers of files.",
    ),
    CREATE: TaskText(
        "Create the table",
        "Creates `{target}` if it is missing, or adds the columns that the feed declares and the table lacks.",
    ),
    EXTRACT: TaskText(
        "Fetch new files",
        "Copies new data from the origin of feed `{feed}` into the landing bucket. Registers the files in the bucket"
        " for which no event was received.",
    ),
    TRANSFORM: TaskText(
        "Try new files",
        "Reads and converts every new file as the load does, but writes nothing: a file that cannot be loaded is found"
        " before `{target}` changes.",
    ),
    LOAD: TaskText(
        "Load the files",
        "Claims the files and loads them one after the other into `{target}`, each in one transaction with its row"
        " counts. A file that cannot be loaded is set to Fail with the reason; the others are loaded. Updates the asset"
        " `x-estrela://warehouse/{target}`.",
    ),
    RECONCILE: TaskText(
        "Delete what the source deleted",
        "Deletes the rows of `{target}` whose keys the source no longer has, as often as the feed declares. Does"
        " nothing on other days.",
    ),
    LOG: TaskText(
        "Account for every file",
        "Logs for every file of this run the rows in, loaded and rejected, or why it was not loaded. The task's XCom"
        " has the sums.",
    ),
    ARCHIVE: TaskText("Archive the files", "Moves files that are loaded or filtered out to the archive bucket."),
    DONE: TaskText("Everything succeeded", "Fails the run if an earlier task failed, so that the failure is seen."),
    NOTIFY: TaskText(
        "Send messages",
        "Sends each new message of the ledger once: files that failed, are late, are empty or have an unusual number"
        " of rows, rejected rows, and problems that are solved. It also runs if an earlier task failed. The task's"
        " XCom has the number of messages sent by each channel.",
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
