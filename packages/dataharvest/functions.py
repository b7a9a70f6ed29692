"""The composition root: builds the components of each function from the settings in its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

from dataharvest.aws_clients import CLIENT
from dataharvest.catapult.catapult import Catapult
from dataharvest.catapult.sender import Sender
from dataharvest.database.session import Database
from dataharvest.deliveries import count_portfolios
from dataharvest.dispatcher import Dispatcher
from dataharvest.metastore import Metastore, Transition
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
    """Builds the components of functions, each once per process, on first use."""

    settings: Settings
    choreography: Choreography

    @classmethod
    def from_environment(cls) -> Functions:
        """Read settings and declarations. Raises SettingsError if a variable is missing, or DefinitionError."""
        return cls(settings_from(os.environ), choreography())

    @cached_property
    def database(self) -> Database:
        """The database, which connects on first use. Raises SettingsError if the secret cannot be read."""
        secret = Secret(boto3.client("secretsmanager", config=CLIENT), self.settings.database_secret)
        return Database.from_secret(secret, self.settings.root_certificate)

    @cached_property
    def metastore(self) -> Metastore:
        """The table of flags."""
        return Metastore(boto3.client("dynamodb", config=CLIENT), self.settings.metastore)

    @cached_property
    def sqs(self) -> Any:
        """An SQS client."""
        return boto3.client("sqs", config=CLIENT)

    @cached_property
    def vault(self) -> Vault:
        """The store of data keys."""
        return Vault(self.database, boto3.client("kms", config=CLIENT), self.settings.kms_key)

    @cached_property
    def sender(self) -> Sender:
        """The sender of the outbox's messages."""
        return Sender(self.database, self.vault, self.sqs, self.settings.messages)

    @cached_property
    def queues(self) -> StageQueues:
        """The queues of the functions."""
        return StageQueues(self.sqs, self.settings.stages)

    @cached_property
    def persistence(self) -> Persistence:
        """The loader of delivered objects."""
        largest = self.settings.split_above if self.settings.chunk_table else None
        return Persistence(self.sender, self.metastore, boto3.client("s3", config=CLIENT), self.queues, largest)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """The dispatcher, which sends requests to stages."""
        return Dispatcher(self.queues, self.choreography)

    @cached_property
    def catapult(self) -> Catapult:
        """The catapult, which writes and sends messages."""
        return Catapult(self.sender, self.choreography)

    def transform(self, name: str, delivery: Delivery) -> Transition | None:
        """Run the transformer ``name``; return the flag to set, or None if a newer version replaced the delivery.

        Raises DefinitionError, QualityError or LoadError.
        """
        transformer = self.choreography.transformer(name)
        if not run_step(self.database, self.vault, delivery, transformer):
            return None
        return Transition(delivery, (transformer.flag,), self._marks(transformer, delivery))

    def _marks(self, transformer: Transformer, delivery: Delivery) -> dict[str, bool]:
        """Return attributes to set together with the flag: that the delivery is large, if transformers with streams
        follow.
        """
        if not self.settings.bus or not self.choreography.is_before_streams(transformer):
            return {}
        with self.database.autocommit() as connection:
            is_large = count_portfolios(connection, delivery) > self.settings.portfolios_above
        return {BY_PORTFOLIO: True} if is_large else {}
