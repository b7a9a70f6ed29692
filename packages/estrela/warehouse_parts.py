"""What the steps of the warehouse are put together from, by the environment.

``ESTRELA_WAREHOUSE_SECRET`` names the secret of the database in the format of Amazon RDS, or ``ESTRELA_WAREHOUSE_URL``
is its ``postgresql+psycopg://`` address; ``ESTRELA_LANDING`` and ``ESTRELA_ARCHIVE`` are buckets;
``ESTRELA_PII_SECRET`` names the secret whose text is the key of hashed personal values, ``ESTRELA_PII_KEY`` is that
text itself. Redshift is named as :func:`~estrela.hooks.redshift.redshift_of` says. Messages go to the addresses
``ESTRELA_ALERT_RECIPIENTS``, with commas, from ``ESTRELA_ALERT_SENDER``, and to the Slack webhook whose URL is the text
of the secret ``ESTRELA_SLACK_SECRET``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import boto3

from estrela.errors import SettingsError
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
from estrela.hooks.mail import Mail
from estrela.hooks.redshift import RedshiftData, redshift_of
from estrela.hooks.secret import Secret
from estrela.ledger.files import LedgerFiles
from estrela.ledger.outbox import Channel
from estrela.ledger.register import Register
from estrela.model.feed import Feed
from estrela.model.feed_engine import Redshift
from estrela.model.feed_origin import DatabaseTable, FtpsFolder
from estrela.model.feeds import feeds


@dataclass(frozen=True)
class WarehouseParts:
    """The parts of the warehouse in one environment."""

    environ: Mapping[str, str]
    session: boto3.Session

    @cached_property
    def database(self) -> DatabaseManager:
        """The database of the warehouse and the ledger. Raises SettingsError."""
        if url := self.environ.get("ESTRELA_WAREHOUSE_URL"):
            return DatabaseManager.from_url(url)
        return DatabaseManager.from_secret(self._secret("ESTRELA_WAREHOUSE_SECRET"))

    @property
    def landing(self) -> str:
        """Bucket in which files arrive. Raises SettingsError."""
        return self._given("ESTRELA_LANDING", "the bucket in which files arrive")

    @property
    def archive_bucket(self) -> str:
        """Bucket of loaded files. Raises SettingsError."""
        return self._given("ESTRELA_ARCHIVE", "the bucket of loaded files")

    @property
    def files(self) -> LandedFiles:
        """Files in S3."""
        return LandedFiles(self.session.client("s3"))

    @cached_property
    def feeds(self) -> Mapping[str, Feed]:
        """Every declared feed. Raises DefinitionError."""
        return feeds()

    def register(self) -> Register:
        """Return what registers arrivals."""
        return Register(self.database, self.feeds, self.landing)

    def ledger(self) -> LedgerFiles:
        """Return the files of the ledger."""
        return LedgerFiles(self.database, self.register())

    def loader(self, feed: Feed) -> FeedLoader:
        """Return what loads files of ``feed``. Raises SettingsError."""
        if isinstance(feed.engine, Redshift):
            folder = CopyFolder(self.session.client("s3"), self.archive_bucket)
            return RedshiftLoader(self.database, self.files, self.redshift, folder, self._pii_key(feed))
        return PostgresLoader(self.database, self.files, self._pii_key(feed))

    def changes(self, feed: Feed) -> Changes:
        """Return what changes loaded files of ``feed``. Raises SettingsError."""
        loader = self.loader(feed)
        if isinstance(loader, RedshiftLoader):
            return RedshiftChanges(self.database, self.files, self._pii_key(feed), loader=loader)
        return PostgresChanges(self.database, self.files, self._pii_key(feed))

    @cached_property
    def redshift(self) -> RedshiftData:
        """The database of feeds whose engine is Redshift. Raises SettingsError."""
        return redshift_of(self.environ, self.session.client("redshift-data"))

    def channels(self) -> list[Channel]:
        """Return where messages go: by e-mail, into Slack, or nowhere. Raises SettingsError."""
        from estrela.hooks.slack import Slack  # functions do without what it sends with

        found: list[Channel] = []
        if recipients := self.environ.get("ESTRELA_ALERT_RECIPIENTS"):
            sender = self._given("ESTRELA_ALERT_SENDER", "the address that SES sends messages from")
            addresses = tuple(one.strip() for one in recipients.split(",") if one.strip())
            found.append(Mail(self.session.client("sesv2"), sender, addresses))
        if "ESTRELA_SLACK_SECRET" in self.environ:
            found.append(Slack(self._secret("ESTRELA_SLACK_SECRET")))
        return found

    def ftps_hook(self, feed: Feed, origin: FtpsFolder) -> FtpsHook:
        """Return a client of the FTPS server of ``feed``. Raises SettingsError if its secret cannot be read."""
        server = FtpsServer.from_secret(Secret(self.session.client("secretsmanager"), origin.server))
        return FtpsHook(server, feed.name)

    def source(self, origin: DatabaseTable) -> DatabaseManager:
        """Return the database that ``origin`` names. Raises SettingsError if its secret cannot be read."""
        return DatabaseManager.from_secret(Secret(self.session.client("secretsmanager"), origin.server))

    def judge(self, feed: Feed) -> Judge:
        """Return what reads the fields of ``feed``. Raises SettingsError if it hashes values and there is no key."""
        return Judge.of(feed, self._pii_key(feed))

    def _pii_key(self, feed: Feed) -> bytes:
        if not feed.pii:
            return b""
        if "ESTRELA_PII_SECRET" in self.environ:
            return self._secret("ESTRELA_PII_SECRET").text().encode()
        return self.environ.get("ESTRELA_PII_KEY", "").encode()

    def _secret(self, name: str) -> Secret:
        return Secret(self.session.client("secretsmanager"), self._given(name, "the name of a secret"))

    def _given(self, name: str, meaning: str) -> str:
        value = self.environ.get(name, "")
        if not value:
            raise SettingsError(name, f"is missing; set it to {meaning}")
        return value
