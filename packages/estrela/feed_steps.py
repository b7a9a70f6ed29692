"""The steps of a feed, built from the parts of the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from estrela.etl.base import ETLBase
from estrela.etl.extractor import Extractor
from estrela.etl.extractors.landing_extractor import LandingExtractor
from estrela.etl.loaders.archive import Archive
from estrela.etl.steps.archive_feed import ArchiveFeed
from estrela.etl.steps.extract_feed import ExtractFeed
from estrela.etl.steps.load_feed import LoadFeed
from estrela.ledger.claims import Claims
from estrela.logger import Logger
from estrela.model.feed import Feed
from estrela.model.feed_origin import FtpsFolder
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD
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
        """Root of the bucket in which files arrive."""
        return f"s3://{self.feed.origin.bucket or self.parts.landing}"

    def step(self, phase: str) -> ETLBase:
        """Return the step of a phase of :mod:`estrela.model.feed_plan`. Raises SettingsError."""
        build: Mapping[str, Callable[[], ETLBase]] = {EXTRACT: self.extract, LOAD: self.load, ARCHIVE: self.archive}
        return build[phase]()

    def extract(self) -> ExtractFeed:
        """Return the step that takes files in, and registers those that no event told of."""
        parts, origin = self.parts, self.feed.origin
        extractors: list[Extractor] = []
        if isinstance(origin, FtpsFolder):
            extractors.append(parts.ftps_extractor(self.feed, origin))
        bucket = origin.bucket or parts.landing
        s3, register = parts.session.client("s3"), parts.register()
        listing = LandingExtractor(self.feed, s3, bucket, register, self.run_key, log=self.log, root=self.root)
        return ExtractFeed((*extractors, listing), log=self.log, root=self.root)

    def load(self) -> LoadFeed:
        """Return the step that loads what arrived."""
        claims, loader = Claims(self.parts.database), self.parts.loader(self.feed)
        return LoadFeed(self.feed, claims, loader, self.run_key, log=self.log, root=self.root)

    def archive(self) -> ArchiveFeed:
        """Return the step that moves settled files to the archive."""
        archive = Archive(self.parts.database, self.parts.files, self.parts.archive_bucket)
        return ArchiveFeed(self.feed, archive, log=self.log, root=self.root)
