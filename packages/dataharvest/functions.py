"""The composition root: what each function works with, from the settings of its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

from dataharvest.catapult.catapult import Catapult
from dataharvest.catapult.sender import Sender
from dataharvest.database.session import Database
from dataharvest.deliveries import count_portfolios
from dataharvest.dispatcher import Dispatcher
from dataharvest.metastore import Metastore
from dataharvest.model.choreography import BY_PORTFOLIO, Choreography, choreography
from dataharvest.model.delivery import Delivery
from dataharvest.model.transformer import Transformer
from dataharvest.persistence.persist import Persistence
from dataharvest.settings import Settings, settings_from
from dataharvest.stage_queues import StageQueues
from dataharvest.steps import run_step
from dataharvest.vault import Vault
from estrela.hooks.secret import Secret


@dataclass(frozen=True)
class Functions:
    """Builds what functions work with, once for each process, when it is first used."""

    settings: Settings
    choreography: Choreography

    @classmethod
    def from_environment(cls) -> Functions:
        """Raises SettingsError if a variable is missing, DefinitionError if the declarations contradict each other."""
        return cls(settings_from(os.environ), choreography())

    @cached_property
    def database(self) -> Database:
        """Connects on first use. Raises SettingsError if the secret cannot be read."""
        secret = Secret(boto3.client("secretsmanager"), self.settings.database_secret)
        return Database.from_secret(secret, self.settings.root_certificate)

    @cached_property
    def metastore(self) -> Metastore:
        """The flags."""
        return Metastore(boto3.client("dynamodb"), self.settings.metastore)

    @cached_property
    def sqs(self) -> Any:
        """A client of SQS."""
        return boto3.client("sqs")

    @cached_property
    def vault(self) -> Vault:
        """Data keys."""
        return Vault(self.database, boto3.client("kms"), self.settings.kms_key)

    @cached_property
    def sender(self) -> Sender:
        """Sends what the outbox holds."""
        return Sender(self.database, self.vault, self.sqs, self.settings.messages)

    @cached_property
    def queues(self) -> StageQueues:
        """Queues that functions work on."""
        return StageQueues(self.sqs, self.settings.stages)

    @cached_property
    def persistence(self) -> Persistence:
        """Takes delivered objects in."""
        largest = self.settings.split_above if self.settings.chunk_table else None
        return Persistence(self.sender, self.metastore, boto3.client("s3"), self.queues, largest)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """Asks the stages."""
        return Dispatcher(self.queues, self.choreography)

    @cached_property
    def catapult(self) -> Catapult:
        """Writes and sends messages."""
        return Catapult(self.sender, self.metastore, self.choreography)

    def transform(self, name: str, delivery: Delivery) -> bool:
        """Run the transformer ``name``, then set its flag; return False if a newer version replaced the delivery.

        Raises DefinitionError, QualityError or LoadError.
        """
        transformer = self.choreography.transformer(name)
        is_current = run_step(self.database, self.vault, delivery, transformer)
        if is_current:
            self.metastore.set_flags(delivery, (transformer.flag,), self._marks(transformer, delivery))
        return is_current

    def _marks(self, transformer: Transformer, delivery: Delivery) -> dict[str, bool]:
        """Return what the metastore is told beside the flag: that the delivery is large, where streams come next."""
        if not self.settings.bus or not self.choreography.is_before_streams(transformer):
            return {}
        with self.database.transaction() as connection:
            is_large = count_portfolios(connection, delivery) > self.settings.portfolios_above
        return {BY_PORTFOLIO: True} if is_large else {}
