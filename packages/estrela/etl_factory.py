"""The composition root: builds the step of a run from its settings.

Only this module and those from which it assembles steps (:mod:`estrela.run_parts`, :mod:`estrela.extractor_factory`,
:mod:`estrela.feed_steps`, :mod:`estrela.warehouse_parts`, :mod:`estrela.warehouse_places`) name concrete classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import boto3

from estrela.etl.base import ETLBase, Figures
from estrela.etl.releases.digests import code_digests
from estrela.etl.releases.news import raw_versions
from estrela.etl.step_failure import step_error
from estrela.etl.steps.quarantine import DecideOnFile
from estrela.etl.steps.rollback import RollBack
from estrela.extractor_factory import extractor_of
from estrela.feed_settings import FeedSettings, feed_settings_from, is_of_feed
from estrela.logger import Logger
from estrela.model.plan import EXTRACT, MAINTAIN, QUARANTINE, RESTORE, ROLLBACK, STAR, TRANSFORM
from estrela.model.source import Source
from estrela.model.star import Star, load
from estrela.run_parts import RunParts
from estrela.settings import settings_from

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.transformer import Transformer


@dataclass(frozen=True)
class ETLFactory:
    """Builds the step of one run from its parts."""

    parts: RunParts
    log: Logger = field(default_factory=Logger)

    @classmethod
    def run(cls, argv: Sequence[str], spark: Callable[[], SparkSession], job: str = "") -> Figures:
        """Build and run the step that the arguments name; log its figures and return them.

        ``argv`` has ``--name value`` pairs, as :mod:`estrela.settings` lists them for a star and
        :mod:`estrela.feed_settings` for a feed. Raises StepError, whose message includes whether a retry may succeed,
        for the Airflow task that polls the run.
        """
        step, is_sensitive = "settings", False
        try:
            settings = feed_settings_from(argv) if is_of_feed(argv) else settings_from(argv)
            step = settings.title
            if isinstance(settings, FeedSettings):
                is_sensitive = bool(settings.feed.withheld)
                return cls.feed_step(settings).execute()
            is_sensitive = load(settings.star).is_sensitive
            log = Logger.to(run_key=settings.run_key, entity=settings.entity, phase=settings.phase)
            return cls(RunParts(settings, spark, boto3.Session(), job), log).step().execute()
        except Exception as error:
            ended = step_error(step, error, is_sensitive=is_sensitive)
            if is_sensitive:
                # Glue logs the traceback, in which the cause may quote a sensitive value.
                raise ended from None
            raise ended from error

    @staticmethod
    def feed_step(settings: FeedSettings) -> ETLBase:
        """Return the step of a feed; Spark is never started for it. Raises SettingsError."""
        # Imported here, so that steps of stars do not load database drivers.
        from estrela.feed_steps import FeedSteps
        from estrela.warehouse_parts import WarehouseParts

        log = Logger.to(run_key=settings.run_key, feed=settings.feed.name, phase=settings.phase)
        parts = WarehouseParts(settings.environ, boto3.Session())
        return FeedSteps(parts, settings.feed, settings.run_key, log).step(settings.phase)

    @property
    def root(self) -> str:
        """Root of the lake."""
        return self.parts.root

    def step(self) -> ETLBase:
        """Return the step for the settings' entity and phase. Raises DefinitionError if the entity is not declared."""
        settings, star = self.parts.settings, load(self.parts.settings.star)
        if settings.phase == EXTRACT:
            return self._extract(star)
        if settings.phase == TRANSFORM:
            return self._transform(settings.entity, self._sources(star), self.parts.lake(), settings.full_refresh)
        if settings.phase == STAR:
            return self._star(star, self.parts.lake(), settings.full_refresh)
        if settings.phase == ROLLBACK:
            return RollBack(self.parts.switch(star), settings.release, log=self.log, root=self.root)
        if settings.phase == MAINTAIN:
            return self._maintain(star)
        if settings.phase in (QUARANTINE, RESTORE):
            return self._decide(star)
        return self._publish(star)

    def _extract(self, star: Star) -> ETLBase:
        from estrela.etl.extractors.raw_extractor import ExtractStep, Scope

        settings, raw = self.parts.settings, self.parts.raw()
        self.parts.manifests(star).report_code(code_digests(star))
        scope = Scope(settings.parameters, settings.full_refresh)
        sources = [source for source in star.sources_of(settings.entity) if source.received_with is None]
        built = [extractor_of(source, raw, scope, settings.world, self.parts.session) for source in sources]
        extractors = [replace(extractor, log=self.log, root=self.root) for extractor in built]
        return ExtractStep(
            settings.entity, extractors, settings.world, self.parts.world(), log=self.log, root=self.root
        )

    def _sources(self, star: Star) -> tuple[Source, ...]:
        """Return the sources of the settings' entity; the star's own name selects all sources."""
        return star.sources if self.parts.settings.entity == star.name else star.sources_of(self.parts.settings.entity)

    def _transform(self, entity: str, sources: Sequence[Source], lake: LakeLoader, full_refresh: bool) -> Transformer:
        from estrela.etl.steps.transform import TransformSource
        from estrela.etl.steps.transform_all import TransformAll

        raw = self.parts.raw()
        aside = self.parts.quarantine().set_aside()
        steps = [
            TransformSource(source, raw, lake, full_refresh, aside, log=self.log, root=self.root) for source in sources
        ]
        return TransformAll(entity, steps, log=self.log, root=self.root)

    def _star(self, star: Star, lake: LakeLoader, full_refresh: bool) -> Transformer:
        from estrela.etl.steps.star import BuildStar

        return BuildStar(star, lake, code_digests(star), full_refresh, log=self.log, root=self.root)

    def _publish(self, star: Star) -> ETLBase:
        from estrela.etl.steps.publish import Publish

        lake, raw = self.parts.lake(), self.parts.raw()
        # In a full refresh, the run's own steps have already rebuilt everything; here they only catch up with other
        # runs.
        transformers = (self._transform(star.name, star.sources, lake, False), self._star(star, lake, False))
        state = partial(raw_versions, raw, star.raw_names, self.parts.quarantine())
        switch, digests = self.parts.switch(star), code_digests(star)
        world = self.parts.world().name()
        return Publish(star, lake, transformers, switch, digests, state, world, log=self.log, root=self.root)

    def _maintain(self, star: Star) -> ETLBase:
        from estrela.etl.maintenance.raw_maintenance import RawMaintenance
        from estrela.etl.steps.maintain import Maintain

        raw, aside, is_dry_run = self.parts.raw(), self.parts.quarantine().set_aside(), self.parts.settings.dry_run
        cares = [
            RawMaintenance(raw, name, [source for source in star.sources if source.raw_name == name], aside, is_dry_run)
            for name in star.raw_names
        ]
        return Maintain(
            star, self.parts.lake(), self.parts.switch(star), cares, is_dry_run, log=self.log, root=self.root
        )

    def _decide(self, star: Star) -> ETLBase:
        given = self.parts.settings
        decision = (given.file, given.reason, given.run_key, given.phase == QUARANTINE)
        return DecideOnFile(star, self.parts.raw(), self.parts.quarantine(), *decision, log=self.log, root=self.root)
