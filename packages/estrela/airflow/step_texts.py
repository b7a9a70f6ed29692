"""Names and descriptions of the tasks of a star, for Airflow's pages."""

from __future__ import annotations

from airflow.sdk import Asset

from estrela.airflow.tasks import TaskText
from estrela.model.plan import EXTRACT, PUBLISH, STAR, TRANSFORM, Step
from estrela.model.star import Star

TEXTS = {
    TRANSFORM: TaskText(
        "Transform every source",
        "Makes typed rows of the files that are new, changed or gone. A row that cannot be read is in `{star}.rejects`"
        " with its file, line, column, value and reason.",
    ),
    STAR: TaskText(
        "Build the star and check it",
        "Builds dimensions and facts whose sources or code changed, on a branch, and checks them there.",
    ),
    PUBLISH: TaskText(
        "Publish a release",
        "Moves readers to the new snapshots of all tables at once, as one release; a source that was refused holds back"
        " what depends on it. Updates the asset `x-estrela://{star}/release`.",
    ),
}
NEWS = TaskText(
    "Anything new?",
    "Compares files, code and decisions with what the newest release was made from. Nothing new: the steps after it are"
    " skipped, and no table is touched. The log says which of both it is.",
)
EXTRACTED = TaskText(
    "All sources answered",
    "Fails the run if an extract failed, so that somebody looks; the other steps go on with what there is.",
)
TELEMETRY = TaskText(
    "Record cost and duration",
    "Records what Glue's runs took and what Athena scanned, in `estrela_ops`; its failure fails nothing.",
)


def step_text(star: Star, step: Step) -> TaskText:
    """Return the name and description of the task of ``step``."""
    if step.phase != EXTRACT:
        text = TEXTS[step.phase]
        return TaskText(text.name, text.doc.format(star=star.name)).of_glue()
    sources = "\n".join(f"* `{source.name}`: {source.doc}" for source in star.sources if source.entity == step.entity)
    doc = f"Fetches what these sources have now, and keeps what is new, as it came:\n\n{sources}"
    return TaskText(f"Extract {step.entity.replace('_', ' ')}", doc).of_glue()


def release_asset(star: str) -> Asset:
    """Return the asset that a publish updates.

    The scheme begins with ``x-``, because for any other scheme Airflow imports all providers to find its handler.
    """
    return Asset(f"x-estrela://{star}/release")
