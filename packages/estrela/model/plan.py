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
        """``extract_complaints``, ``transform_complaints``, ..., ``star``, ``publish``."""
        return f"{self.phase}_{self.entity}" if self.phase in (EXTRACT, TRANSFORM) else self.phase


def steps(name: str) -> tuple[Step, ...]:
    """The steps of the star ``name``, each after those it needs."""
    return steps_of(load(name))


def steps_of(star: Star) -> tuple[Step, ...]:
    """The steps of ``star``: a pair per entity, then star and publish."""
    extracts = [Step(entity, EXTRACT, _extracted_before(star, entity)) for entity in star.entities]
    transforms = [Step(step.entity, TRANSFORM, (step.name,)) for step in extracts]
    built = Step(star.name, STAR, tuple(step.name for step in transforms))
    return (*extracts, *transforms, built, Step(star.name, PUBLISH, (built.name,)))


def _extracted_before(star: Star, entity: str) -> tuple[str, ...]:
    needed = {other.entity for source in star.sources_of(entity) for other in source.needs} - {entity}
    return tuple(f"{EXTRACT}_{other}" for other in sorted(needed))
