"""Places of the warehouse, read from the environment.

``ESTRELA_WAREHOUSE_SECRET`` names the secret of the database in the format of Amazon RDS; alternatively,
``ESTRELA_WAREHOUSE_URL`` is its ``postgresql+psycopg://`` URL. ``ESTRELA_ROOT_CERTIFICATE`` is the file of certificate
authorities that verify databases named by secrets, unless a secret has its own field ``authority``. ``ESTRELA_LANDING``
and ``ESTRELA_ARCHIVE`` are buckets; ``ESTRELA_PII_SECRET`` names the secret whose text is the key for hashing personal
values, or ``ESTRELA_PII_KEY`` is that text itself. Redshift is configured as in
:func:`~estrela.hooks.redshift.redshift_of`. Messages are sent to the comma-separated addresses
``ESTRELA_ALERT_RECIPIENTS``, from ``ESTRELA_ALERT_SENDER``, and to the Slack webhook whose URL is the text of the
secret ``ESTRELA_SLACK_SECRET``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import boto3

from estrela.errors import SettingsError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.mail import Mail
from estrela.hooks.redshift import RedshiftData, redshift_of
from estrela.hooks.secret import Secret
from estrela.ledger.outbox import Channel


@dataclass(frozen=True)
class WarehousePlaces:
    """Databases, buckets, secrets and channels that ``environ`` names.

    Each attribute raises SettingsError if a variable that it needs is missing.
    """

    environ: Mapping[str, str]
    session: boto3.Session

    @cached_property
    def database(self) -> DatabaseManager:
        """The database of the warehouse and the ledger."""
        if url := self.environ.get("ESTRELA_WAREHOUSE_URL"):
            return DatabaseManager.from_url(url)
        return DatabaseManager.from_secret(self._named("ESTRELA_WAREHOUSE_SECRET"), self.root_certificate)

    @property
    def root_certificate(self) -> str:
        """File of the certificate authorities that verify databases; if empty, libpq's environment decides."""
        return self.environ.get("ESTRELA_ROOT_CERTIFICATE", "")

    @cached_property
    def redshift(self) -> RedshiftData:
        """The database of feeds whose engine is Redshift."""
        return redshift_of(self.environ, self.session.client("redshift-data"))

    @property
    def landing(self) -> str:
        """Bucket in which files arrive."""
        return self._given("ESTRELA_LANDING", "the bucket in which files arrive")

    @property
    def archive(self) -> str:
        """Bucket of loaded files."""
        return self._given("ESTRELA_ARCHIVE", "the bucket of loaded files")

    @property
    def pii_key(self) -> bytes:
        """Key for hashing personal values; empty if none is set."""
        if "ESTRELA_PII_SECRET" in self.environ:
            return self._named("ESTRELA_PII_SECRET").text().encode()
        return self.environ.get("ESTRELA_PII_KEY", "").encode()

    def channels(self) -> list[Channel]:
        """Return the channels for messages: e-mail, Slack, both or none."""
        from estrela.hooks.slack import Slack  # functions do without what it sends with

        channels: list[Channel] = []
        if recipients := self.environ.get("ESTRELA_ALERT_RECIPIENTS"):
            sender = self._given("ESTRELA_ALERT_SENDER", "the address that SES sends messages from")
            addresses = tuple(address.strip() for address in recipients.split(",") if address.strip())
            channels.append(Mail(self.session.client("sesv2"), sender, addresses))
        if "ESTRELA_SLACK_SECRET" in self.environ:
            channels.append(Slack(self._named("ESTRELA_SLACK_SECRET")))
        return channels

    def secret(self, name: str) -> Secret:
        """Return the secret ``name``."""
        return Secret(self.session.client("secretsmanager"), name)

    def _named(self, variable: str) -> Secret:
        return self.secret(self._given(variable, "the name of a secret"))

    def _given(self, name: str, meaning: str) -> str:
        value = self.environ.get(name, "")
        if not value:
            raise SettingsError(name, f"is missing; set it to {meaning}")
        return value
