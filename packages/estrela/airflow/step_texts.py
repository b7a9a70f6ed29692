"""Names and descriptions of the tasks of a star, for Airflow's pages."""

from __future__ import annotations

from airflow.sdk import Asset

from estrela.airflow.tasks import TaskText
from estrela.model.plan import EXTRACT, PUBLISH, STAR, TRANSFORM, Step
from estrela.model.star import Star

TEXTS = {
    TRANSFORM: TaskText(
        "Transform every source",
        "Reads the files that are new or changed into typed rows, and removes the rows of files that are gone. A row"
        " that cannot be read is in `{star}.rejects` with its file, line, column, value and reason.",
    ),
    STAR: TaskText(
        "Build the star and check it",
        "Builds the dimensions and facts whose sources or code changed on a branch, and checks them there.",
    ),
    PUBLISH: TaskText(
        "Publish a release",
        "Switches readers to the new snapshots of all tables at once, as one release. If the data of a source was"
        " refused, the tables that depend on it keep their old rows. Updates the asset `x-estrela://{star}/release`.",
    ),
}
NEWS = TaskText(
    "Anything new?",
    "Compares files, code and decisions about files with those of the newest publish. If nothing is new, the later"
    " steps are skipped and no table changes. The log has the result.",
)
EXTRACTED = TaskText(
    "All sources answered",
    "Fails the run if an extract failed, so that the failure is seen. The other steps continue with the data that was"
    " received.",
)
TELEMETRY = TaskText(
    "Record cost and duration",
    "Records in `estrela_ops` how long the Glue runs took and how much Athena scanned. If it cannot, nothing else"
    " fails.",
)


def step_text(star: Star, step: Step) -> TaskText:
    """Return the name and description of the task of ``step``."""
    if step.phase != EXTRACT:
        text = TEXTS[step.phase]
        return TaskText(text.name, text.doc.format(star=star.name)).of_glue()
    sources = "\n".join(f"* `{source.name}`: {source.doc}" for source in star.sources if source.entity == step.entity)
    doc = f"Fetches the current data of these sources and stores new data unchanged:\n\n{sources}"
    return TaskText(f"Extract {step.entity.replace('_', ' ')}", doc).of_glue()


def release_asset(star: str) -> Asset:
    """Return the asset that a publish updates.

    The scheme begins with ``x-``, because for any other scheme Airflow imports all providers to find its handler.
    """
    return Asset(f"x-estrela://{star}/release")
