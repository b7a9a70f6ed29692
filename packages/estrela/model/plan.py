"""The steps of a run and their order, derived only from the declarations."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.model.star import Star, load

EXTRACT, TRANSFORM, STAR, PUBLISH = DAILY = ("extract", "transform", "star", "publish")
MAINTAIN, ROLLBACK, QUARANTINE, RESTORE = ("maintain", "rollback", "quarantine", "restore")
PHASES = (*DAILY, MAINTAIN, ROLLBACK, QUARANTINE, RESTORE)
"""Phases of a run of the job: the daily phases, maintenance, and the commands of an operator."""


@dataclass(frozen=True)
class Step:
    """One Glue run: the entity it works on, its phase, and the names of the steps it waits for.

    Steps in ``after`` must succeed. Steps in ``once_done`` must only have ended, successfully or not.
    """

    entity: str
    phase: str
    after: tuple[str, ...] = ()
    once_done: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``extract_complaints``, ..., ``transform_banking``, ``star``, ``publish``."""
        return f"{self.phase}_{self.entity}" if self.phase in (EXTRACT, TRANSFORM) else self.phase


def dag_id(star: str) -> str:
    """Return the id of the star's DAG; run keys begin with it."""
    return f"star_{star}"


def steps(name: str) -> tuple[Step, ...]:
    """Return the steps of the star ``name``; each comes after the steps it waits for."""
    return steps_of(load(name))


def steps_of(star: Star) -> tuple[Step, ...]:
    """Return the steps of ``star``: one extract per entity, then one transform of all, star and publish.

    No step depends on the success of an extract: the raw data of earlier days is good enough for the later steps, and
    an unavailable source must not delay the other sources. One run transforms all sources, because starting Spark takes
    longer than transforming the rows of one source.
    """
    extracts = [Step(entity, EXTRACT, once_done=_extracted_before(star, entity)) for entity in star.entities]
    trusted = Step(star.name, TRANSFORM, once_done=tuple(step.name for step in extracts))
    built = Step(star.name, STAR, (trusted.name,))
    return (*extracts, trusted, built, Step(star.name, PUBLISH, (built.name,)))


def _extracted_before(star: Star, entity: str) -> tuple[str, ...]:
    needed = {other.entity for source in star.sources_of(entity) for other in source.needs} - {entity}
    return tuple(f"{EXTRACT}_{other}" for other in sorted(needed))
