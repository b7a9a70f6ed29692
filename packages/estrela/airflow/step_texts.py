"""Names and descriptions of the tasks of a star, for Airflow's pages."""

from __future__ import annotations

from airflow.sdk import Asset

from estrela.model.plan import EXTRACT, PUBLISH, STAR, TRANSFORM, Step
from estrela.model.star import Star

NAMES = {
    TRANSFORM: "Transform every source",
    STAR: "Build the star and check it",
    PUBLISH: "Publish a release",
}
DOCS = {
    TRANSFORM: "Makes typed rows of the files that are new, changed or gone. A row that cannot be read is in"
    " `{star}.rejects` with its file, line, column, value and reason.",
    STAR: "Builds dimensions and facts whose sources or code changed, on a branch, and checks them there.",
    PUBLISH: "Moves readers to the new snapshots of all tables at once, as one release; a source that was refused holds"
    " back what depends on it. Updates the asset `x-estrela://{star}/release`.",
}
RESULT = (
    "\n\nThe task's XCom has the figures of the step: rows in, loaded and rejected, files, tables. Its log has a"
    " command that prints the log of the Glue run."
)
NEWS_DOC = (
    "Compares files, code and decisions with what the newest release was made from. Nothing new: the steps after it are"
    " skipped, and no table is touched. The log says which of both it is."
)
EXTRACTED_DOC = "Fails the run if an extract failed, so that somebody looks; the other steps go on with what there is."
TELEMETRY_DOC = "Records what Glue's runs took and what Athena scanned, in `estrela_ops`; its failure fails nothing."


def display_name(step: Step) -> str:
    """Return the name of the task of ``step``."""
    return f"Extract {step.entity.replace('_', ' ')}" if step.phase == EXTRACT else NAMES[step.phase]


def step_doc(star: Star, step: Step) -> str:
    """Return what the task of ``step`` does, in Markdown."""
    if step.phase != EXTRACT:
        return DOCS[step.phase].format(star=star.name) + RESULT
    sources = "\n".join(f"* `{source.name}`: {source.doc}" for source in star.sources if source.entity == step.entity)
    return f"Fetches what these sources have now, and keeps what is new, as it came:\n\n{sources}{RESULT}"


def release_asset(star: str) -> Asset:
    """Return the asset that a publish updates.

    For a scheme without ``x-`` Airflow imports every provider, to look for one that knows the scheme.
    """
    return Asset(f"x-estrela://{star}/release")
