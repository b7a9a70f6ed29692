"""The composition root: from the settings of a run to its step. Only this module names concrete classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3

from estrela.errors import SettingsError
from estrela.etl.accounts.quarantine import Quarantine
from estrela.etl.base import ETLBase, Figures
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.world_record import WorldRecord
from estrela.etl.releases.claim import Claim
from estrela.etl.releases.digests import code_digests
from estrela.etl.releases.manifests import Manifests
from estrela.etl.releases.news import raw_versions
from estrela.etl.releases.switch import Switch
from estrela.etl.releases.views import AthenaViews
from estrela.etl.step_failure import step_error
from estrela.etl.steps.quarantine import DecideOnFile
from estrela.etl.steps.rollback import RollBack
from estrela.hooks.athena import AthenaQueries
from estrela.hooks.http_policy import HttpPolicy
from estrela.hooks.json_objects import S3JsonObjects
from estrela.logger import Logger
from estrela.model.auth import ApiKey, Auth, BasicLogin, BearerToken
from estrela.model.origin import Api, Catalogue, Download, OData, RestApi, S3Deliveries, S3Files
from estrela.model.plan import EXTRACT, MAINTAIN, QUARANTINE, RESTORE, ROLLBACK, STAR, TRANSFORM
from estrela.model.source import Source
from estrela.model.star import Star, load
from estrela.settings import Settings, settings_from
from estrela.world import World

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from requests.auth import AuthBase

    from estrela.etl.extractors.extractor import Extractor, Scope
    from estrela.etl.loaders.lake import LakeLoader
    from estrela.etl.transformer import Transformer
    from estrela.hooks.rest_api import RestApiHook

PATIENT = HttpPolicy()
BRIEF = HttpPolicy(attempts=2, give_up_after=8)
"""For optional sources: one that is down for days must not hold up each day's run."""

WAREHOUSE = "spark.sql.catalog.lake.warehouse"
"""Where the catalog puts tables; follows from ``--lake`` alone."""


@dataclass(frozen=True)
class ETLFactory:
    """Builds the step of one run. ``spark`` is asked for a session only by steps that need one."""

    settings: Settings
    spark: Callable[[], SparkSession]
    session: boto3.Session
    job: str = ""
    log: Logger = field(default_factory=Logger)

    @classmethod
    def run(cls, argv: Sequence[str], spark: Callable[[], SparkSession], job: str = "") -> Figures:
        """Build the step that the arguments of a run name, and run it; log its figures and return them.

        ``argv`` holds ``--name value`` pairs, as :mod:`estrela.settings` lists them. Raises StepError, whose message
        tells the task that awaits the run whether a retry may succeed.
        """
        step, is_sensitive = "settings", False
        try:
            settings = settings_from(argv)
            step = f"{settings.phase} of {settings.star}.{settings.entity}"
            is_sensitive = load(settings.star).is_sensitive
            log = Logger.to(run_key=settings.run_key, entity=settings.entity, phase=settings.phase)
            return cls(settings, spark, boto3.Session(), job, log).step().execute()
        except Exception as error:
            ended = step_error(step, error, is_sensitive=is_sensitive)
            if is_sensitive:
                # Glue logs the traceback, and the cause may quote a sensitive value.
                raise ended from None
            raise ended from error

    @property
    def root(self) -> str:
        """Root of the lake; its tables are below ``warehouse``, received files below ``raw``."""
        return f"s3://{self.settings.lake}"

    def step(self) -> ETLBase:
        """The step of the settings' entity and phase. Raises DefinitionError for an entity that nothing declares."""
        settings, star = self.settings, load(self.settings.star)
        if settings.phase == EXTRACT:
            return self._extract(star)
        if settings.phase == TRANSFORM:
            return self._transform(settings.entity, self._sources(star), self._lake(), settings.full_refresh)
        if settings.phase == STAR:
            return self._star(star, self._lake(), settings.full_refresh)
        if settings.phase == ROLLBACK:
            return RollBack(self._switch(star), settings.release, log=self.log, root=self.root)
        if settings.phase == MAINTAIN:
            return self._maintain(star)
        if settings.phase in (QUARANTINE, RESTORE):
            return self._decide(star)
        return self._publish(star)

    def _extract(self, star: Star) -> ETLBase:
        from estrela.etl.extractors.extractor import ExtractStep, Scope

        settings, raw = self.settings, self._raw()
        self._manifests(star).report_code(code_digests(star))
        scope = Scope(settings.parameters, settings.full_refresh)
        sources = [source for source in star.sources_of(settings.entity) if source.received_with is None]
        extractors = [extractor_of(source, raw, scope, settings.world, self.session) for source in sources]
        return ExtractStep(settings.entity, extractors, settings.world, self._world(), log=self.log, root=self.root)

    def _sources(self, star: Star) -> tuple[Source, ...]:
        """Those of the settings' entity; the star's name stands for all."""
        return star.sources if self.settings.entity == star.name else star.sources_of(self.settings.entity)

    def _transform(self, entity: str, sources: Sequence[Source], lake: LakeLoader, full_refresh: bool) -> Transformer:
        from estrela.etl.steps.transform import TransformSource
        from estrela.etl.steps.transform_all import TransformAll

        raw = self._raw()
        aside = self._quarantine().set_aside()
        steps = [
            TransformSource(source, raw, lake, full_refresh, aside, log=self.log, root=self.root) for source in sources
        ]
        return TransformAll(entity, steps, log=self.log, root=self.root)

    def _star(self, star: Star, lake: LakeLoader, full_refresh: bool) -> Transformer:
        from estrela.etl.steps.star import BuildStar

        return BuildStar(star, lake, code_digests(star), full_refresh, log=self.log, root=self.root)

    def _publish(self, star: Star) -> ETLBase:
        from estrela.etl.steps.publish import Publish

        lake, raw = self._lake(), self._raw()
        # What a full refresh asks for was done by the run's own steps; here they only catch up with other runs.
        transformers = (self._transform(star.name, star.sources, lake, False), self._star(star, lake, False))
        state = partial(raw_versions, raw, star.raw_names, self._quarantine())
        switch, digests = self._switch(star), code_digests(star)
        world = self._world().name()
        return Publish(star, lake, transformers, switch, digests, state, world, log=self.log, root=self.root)

    def _maintain(self, star: Star) -> ETLBase:
        from estrela.etl.maintenance.raw_care import RawCare
        from estrela.etl.steps.maintain import Maintain

        raw, aside, is_dry_run = self._raw(), self._quarantine().set_aside(), self.settings.dry_run
        cares = [
            RawCare(raw, name, [one for one in star.sources if one.raw_name == name], aside, is_dry_run)
            for name in star.raw_names
        ]
        return Maintain(star, self._lake(), self._switch(star), cares, is_dry_run, log=self.log, root=self.root)

    def _decide(self, star: Star) -> ETLBase:
        given = self.settings
        decision = (given.file, given.reason, given.run_key, given.phase == QUARANTINE)
        return DecideOnFile(star, self._raw(), self._quarantine(), *decision, log=self.log, root=self.root)

    def _switch(self, star: Star) -> Switch:
        manifests = self._manifests(star)
        client, place = self.session.client("athena"), f"{self.root}/athena/"
        views = AthenaViews(AthenaQueries(client, workgroup=self.settings.workgroup, output=place))
        claim = Claim(manifests.objects, star.name, self.settings.run_key, self._active_branches)
        return Switch(manifests, views, claim, f"{self.root}/{manifests.pointer_prefix}")

    def _world(self) -> WorldRecord:
        return WorldRecord(self.session.client("s3"), self.settings.lake)

    def _manifests(self, star: Star) -> Manifests:
        return Manifests(self._objects(), star.name)

    def _quarantine(self) -> Quarantine:
        return Quarantine(self._objects(), self.settings.star)

    def _objects(self) -> S3JsonObjects:
        return S3JsonObjects(self.session.client("s3"), self.settings.lake)

    def _active_branches(self) -> set[str]:
        """Branches of the runs whose steps are at work now; none where this is not a Glue job."""
        from estrela.etl.run_key import branch_of
        from estrela.hooks.glue_runs import active_run_keys

        if not self.job:
            return set()
        return {branch_of(key) for key in active_run_keys(self.session.client("glue"), self.job)}

    def _raw(self) -> RawLayer:
        return RawLayer(self.session.client("s3"), self.settings.lake, f"raw/{self.settings.star}")

    def _lake(self) -> LakeLoader:
        from estrela.etl.loaders.lake import LakeLoader

        session = self.spark()
        session.conf.set(WAREHOUSE, self._warehouse(session.conf.get(WAREHOUSE, "")))
        return LakeLoader(session, self.settings.star, self.settings.run_key)

    def _warehouse(self, configured: str) -> str:
        """Return the folder of the lake's tables. Raises SettingsError if the job's ``--conf`` names another one."""
        warehouse = f"{self.root}/warehouse"
        if configured.rstrip("/") not in ("", warehouse):
            problem = f"{WAREHOUSE} is {configured!r}, but --lake {self.settings.lake} stands for {warehouse!r}"
            raise SettingsError("--conf", f"{problem}; remove it from --conf")
        return warehouse


def extractor_of(source: Source, raw: RawLayer, scope: Scope, world: World, session: boto3.Session) -> Extractor[Any]:
    """Return the extractor for the origin of ``source``, with a client of its own."""
    from estrela.etl.extractors.catalogue_extractor import CatalogueExtractor
    from estrela.etl.extractors.download_extractor import DownloadExtractor
    from estrela.etl.extractors.rest_api_extractor import RestApiExtractor
    from estrela.etl.extractors.s3_deliveries_extractor import S3DeliveriesExtractor
    from estrela.etl.extractors.s3_files_extractor import S3FilesExtractor

    match source.origin:
        case S3Files(bucket=bucket):
            return S3FilesExtractor(source, raw, scope, raw.s3, bucket or raw.bucket)
        case S3Deliveries(bucket=bucket):
            return S3DeliveriesExtractor(source, raw, scope, raw.s3, bucket or raw.bucket)
        case Catalogue():
            return CatalogueExtractor(source, raw, scope, _hook(source, source.origin, world, session))
        case Download():
            return DownloadExtractor(source, raw, scope, _hook(source, source.origin, world, session))
        case RestApi() | OData():
            return RestApiExtractor(source, raw, scope, _hook(source, source.origin, world, session))


def _hook(
    source: Source, origin: Download | Catalogue | RestApi | OData, world: World, session: boto3.Session
) -> RestApiHook:
    """Return a client for the origin's hosts, or for the stand-in that answers for all of them."""
    from estrela.hooks.http_session import host_of
    from estrela.hooks.rest_api import RestApiHook

    api = origin if isinstance(origin, Api) else None
    policy = BRIEF if api and api.optional else PATIENT
    auth = auth_of(api.auth, session) if api and api.auth else None
    if world.base_url:
        return RestApiHook(source.name, world.base_url, policy=policy, auth=auth, stands_in=True)
    return RestApiHook(source.name, host_of(origin.url), policy=policy, auth=auth, hosts=origin.hosts)


def auth_of(declared: Auth, session: boto3.Session) -> AuthBase:
    """Return what adds the declared credential to a request; the secret is read with the first request."""
    from estrela.hooks import auth
    from estrela.hooks.secret import Secret

    secret = Secret(session.client("secretsmanager"), declared.secret)
    match declared:
        case ApiKey(header=header, key=key):
            return auth.ApiKey(secret, header, key)
        case BearerToken(key=key):
            return auth.BearerToken(secret, key)
        case BasicLogin():
            return auth.BasicLogin(secret)
