"""The steps of a feed, built from the components of the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from estrela.errors import SettingsError
from estrela.etl.base import ETLBase
from estrela.etl.extractor import Extractor
from estrela.etl.extractors.database_extractor import DatabaseExtractor
from estrela.etl.extractors.ftps_extractor import FtpsExtractor
from estrela.etl.extractors.landing_extractor import LandingExtractor
from estrela.etl.loaders.archive import Archive
from estrela.etl.steps.archive_feed import ArchiveFeed
from estrela.etl.steps.extract_feed import ExtractFeed
from estrela.etl.steps.load_feed import LoadFeed
from estrela.etl.steps.reconcile_feed import ReconcileFeed
from estrela.etl.steps.transform_feed import TransformFeed
from estrela.ledger.claims import Claims
from estrela.logger import Logger
from estrela.model.feed import Feed
from estrela.model.feed_origin import DatabaseTable, FtpsFolder
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD, RECONCILE, TRANSFORM
from estrela.warehouse_parts import WarehouseParts


@dataclass(frozen=True)
class FeedSteps:
    """Builds the steps of ``feed`` for the run ``run_key``."""

    parts: WarehouseParts
    feed: Feed
    run_key: str
    log: Logger = field(default_factory=Logger)

    @property
    def root(self) -> str:
        """Root of the bucket in which the feed's files arrive."""
        return f"s3://{self._bucket}"

    @property
    def _bucket(self) -> str:
        return self.feed.origin.bucket or self.parts.places.landing

    def step(self, phase: str) -> ETLBase:
        """Return the step of a phase of :mod:`estrela.model.feed_plan`. Raises SettingsError."""
        build: Mapping[str, Callable[[], ETLBase]] = {
            EXTRACT: self.extract,
            TRANSFORM: self.transform,
            LOAD: self.load,
            RECONCILE: self.reconcile,
            ARCHIVE: self.archive,
        }
        return build[phase]()

    def extract(self) -> ExtractFeed:
        """Return the step that fetches files, and registers those for which no event was received."""
        parts, s3 = self.parts, self.parts.session.client("s3")
        listing = LandingExtractor(
            self.feed, s3, self._bucket, parts.register(), self.run_key, log=self.log, root=self.root
        )
        return ExtractFeed((*self._copying(), listing), log=self.log, root=self.root)

    def _copying(self) -> Iterator[Extractor]:
        """Yield the extractor that copies files into the landing bucket; none if others write them there."""
        parts, s3, bucket = self.parts, self.parts.session.client("s3"), self._bucket
        match self.feed.origin:
            case FtpsFolder() as origin:
                hook = parts.ftps_hook(self.feed, origin)
                yield FtpsExtractor(self.feed, hook, s3, bucket, parts.database, log=self.log, root=self.root)
            case DatabaseTable() as origin:
                source = parts.source(origin)
                yield DatabaseExtractor(
                    self.feed, origin, source, s3, bucket, parts.database, log=self.log, root=self.root
                )
            case _:
                return

    def reconcile(self) -> ReconcileFeed:
        """Return the step that deletes rows that the source deleted. Raises SettingsError if the feed declares none."""
        parts, origin = self.parts, self.feed.origin
        if not isinstance(origin, DatabaseTable) or origin.reconcile is None:
            raise SettingsError("--phase", f"feed {self.feed.name} declares no reconcile; see DatabaseTable")
        return ReconcileFeed(
            self.feed, origin, parts.source(origin), parts.database, parts.judge(self.feed), self.run_key,
            log=self.log, root=self.root,
        )  # fmt: skip

    def transform(self) -> TransformFeed:
        """Return the step that converts new files without loading them."""
        parts, claims = self.parts, Claims(self.parts.database)
        return TransformFeed(
            self.feed, claims, parts.files, parts.judge(self.feed), self.run_key, log=self.log, root=self.root
        )

    def load(self) -> LoadFeed:
        """Return the step that loads new files."""
        claims, loader = Claims(self.parts.database), self.parts.loader(self.feed)
        return LoadFeed(self.feed, claims, loader, self.parts.files, self.run_key, log=self.log, root=self.root)

    def archive(self) -> ArchiveFeed:
        """Return the step that moves settled files to the archive."""
        archive = Archive(self.parts.database, self.parts.files, self.parts.places.archive)
        return ArchiveFeed(self.feed, archive, log=self.log, root=self.root)
