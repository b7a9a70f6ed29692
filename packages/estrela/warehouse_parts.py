"""Components of the steps of the warehouse, configured from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import boto3

from estrela.etl.feed_loader import FeedLoader
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.loaders.changes import Changes
from estrela.etl.loaders.copy_folder import CopyFolder
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.etl.loaders.postgres_changes import PostgresChanges
from estrela.etl.loaders.redshift import RedshiftLoader
from estrela.etl.loaders.redshift_changes import RedshiftChanges
from estrela.hooks.database import DatabaseManager
from estrela.hooks.ftps import FtpsHook, FtpsServer
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.files import LedgerFiles
from estrela.ledger.register import Register
from estrela.model.feed import Feed
from estrela.model.feed_engine import Redshift
from estrela.model.feed_origin import DatabaseTable, FtpsFolder
from estrela.model.feeds import FoundFeeds, found_feeds
from estrela.warehouse_places import WarehousePlaces


@dataclass(frozen=True)
class WarehouseParts:
    """The components of the warehouse in one environment; :mod:`estrela.warehouse_places` explains ``environ``."""

    environ: Mapping[str, str]
    session: boto3.Session

    @cached_property
    def places(self) -> WarehousePlaces:
        """Databases, buckets and secrets."""
        return WarehousePlaces(self.environ, self.session)

    @property
    def database(self) -> DatabaseManager:
        """The database of the warehouse and the ledger. Raises SettingsError."""
        return self.places.database

    @property
    def files(self) -> LandedFiles:
        """Files in S3."""
        return LandedFiles(self.session.client("s3"))

    @cached_property
    def found(self) -> FoundFeeds:
        """Every declared feed, and the errors of those that are unreadable."""
        return found_feeds()

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """Every readable feed."""
        return self.found.feeds

    def register(self) -> Register:
        """Return the register of arrivals."""
        return Register(self.database, self.feeds, self.places.landing, self.found.problems)

    def ledger(self) -> LedgerFiles:
        """Return the files of the ledger."""
        return LedgerFiles(self.database, self.register())

    def loader(self, feed: Feed) -> FeedLoader:
        """Return the loader for files of ``feed``. Raises SettingsError."""
        if isinstance(feed.engine, Redshift):
            folder = CopyFolder(self.session.client("s3"), self.places.archive)
            return RedshiftLoader(self.database, self.files, self.places.redshift, folder, self._pii_key(feed))
        return PostgresLoader(self.database, self.files, self._pii_key(feed))

    def changes(self, feed: Feed) -> Changes:
        """Return the object that changes rows of loaded files of ``feed``. Raises SettingsError."""
        loader = self.loader(feed)
        if isinstance(loader, RedshiftLoader):
            return RedshiftChanges(self.database, self.files, self._pii_key(feed), loader=loader)
        return PostgresChanges(self.database, self.files, self._pii_key(feed))

    def ftps_hook(self, feed: Feed, origin: FtpsFolder) -> FtpsHook:
        """Return a client of the FTPS server of ``feed``. Raises SettingsError if its secret cannot be read."""
        return FtpsHook(FtpsServer.from_secret(self.places.secret(origin.server)), feed.name)

    def source(self, origin: DatabaseTable) -> DatabaseManager:
        """Return the database that ``origin`` names. Raises SettingsError if its secret cannot be read."""
        return DatabaseManager.from_secret(self.places.secret(origin.server), self.places.root_certificate)

    def judge(self, feed: Feed) -> Judge:
        """Return the parser of the fields of ``feed``. Raises SettingsError if it hashes values and no key is set."""
        return Judge.of(feed, self._pii_key(feed))

    def _pii_key(self, feed: Feed) -> bytes:
        return self.places.pii_key if feed.pii else b""
