"""The steps of a run and their order, derived from the declarations alone."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.model.star import Star, load

EXTRACT, TRANSFORM, STAR, PUBLISH = PHASES = ("extract", "transform", "star", "publish")


@dataclass(frozen=True)
class Step:
    """One Glue run: what it works on, its phase, and the names of the steps that must succeed before."""

    entity: str
    phase: str
    after: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``extract_complaints``, ..., ``transform_banking``, ``star``, ``publish``."""
        return f"{self.phase}_{self.entity}" if self.phase in (EXTRACT, TRANSFORM) else self.phase


def steps(name: str) -> tuple[Step, ...]:
    """The steps of the star ``name``, each after those it needs."""
    return steps_of(load(name))


def steps_of(star: Star) -> tuple[Step, ...]:
    """The steps of ``star``: an extract per entity, then one transform of all, star and publish.

    Extracts wait for the network and fail each for itself. Spark's start costs more than the rows of a source, so
    one run transforms them all.
    """
    extracts = [Step(entity, EXTRACT, _extracted_before(star, entity)) for entity in star.entities]
    trusted = Step(star.name, TRANSFORM, tuple(step.name for step in extracts))
    built = Step(star.name, STAR, (trusted.name,))
    return (*extracts, trusted, built, Step(star.name, PUBLISH, (built.name,)))


def _extracted_before(star: Star, entity: str) -> tuple[str, ...]:
    needed = {other.entity for source in star.sources_of(entity) for other in source.needs} - {entity}
    return tuple(f"{EXTRACT}_{other}" for other in sorted(needed))
