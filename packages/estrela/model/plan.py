"""The steps of a run and their order, derived only from the declarations."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.model.star import Star, load

EXTRACT, TRANSFORM, STAR, PUBLISH = DAILY = ("extract", "transform", "star", "publish")
MAINTAIN, ROLLBACK, QUARANTINE, RESTORE = ("maintain", "rollback", "quarantine", "restore")
PHASES = (*DAILY, MAINTAIN, ROLLBACK, QUARANTINE, RESTORE)
"""Phases of a run of the job: those of a day, maintenance, and the commands of an operator."""


@dataclass(frozen=True)
class Step:
    """One Glue run: what it works on, its phase, and the names of the steps it waits for.

    Steps in ``after`` must succeed. Those in ``once_done`` must only have ended, successfully or not.
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
    """Return the steps of the star ``name``, each after those it waits for."""
    return steps_of(load(name))


def steps_of(star: Star) -> tuple[Step, ...]:
    """Return the steps of ``star``: one extract per entity, then one transform of all, star and publish.

    Nothing depends on the success of an extract: what raw holds from earlier days is good enough for the steps after
    it, and a source that is down must not cost another source its day. Spark's start costs more than the rows of a
    source, so one run transforms them all.
    """
    extracts = [Step(entity, EXTRACT, once_done=_extracted_before(star, entity)) for entity in star.entities]
    trusted = Step(star.name, TRANSFORM, once_done=tuple(step.name for step in extracts))
    built = Step(star.name, STAR, (trusted.name,))
    return (*extracts, trusted, built, Step(star.name, PUBLISH, (built.name,)))


def _extracted_before(star: Star, entity: str) -> tuple[str, ...]:
    needed = {other.entity for source in star.sources_of(entity) for other in source.needs} - {entity}
    return tuple(f"{EXTRACT}_{other}" for other in sorted(needed))
