"""Components of the functions for large files and deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import boto3

from dataharvest.aws_clients import CLIENT
from dataharvest.functions import Functions
from dataharvest.persistence.chunk_table import ChunkTable
from dataharvest.persistence.chunks import ChunkPersistence
from dataharvest.persistence.splitter import Splitter
from dataharvest.portfolios.announcer import Announcer
from dataharvest.portfolios.steps import PortfolioSteps
from dataharvest.progress import Progress


@dataclass(frozen=True)
class LargeFunctions:
    """Builds components from those of ``functions``, each once per process, on first use."""

    functions: Functions

    @classmethod
    def from_environment(cls) -> LargeFunctions:
        """Read settings and declarations. Raises the errors of :meth:`Functions.from_environment`."""
        return cls(Functions.from_environment())

    @cached_property
    def progress(self) -> Progress:
        """The progress table of large files and calculations."""
        return Progress(boto3.client("dynamodb", config=CLIENT), self.functions.settings.progress_table)

    @cached_property
    def chunk_table(self) -> ChunkTable:
        """The table of the chunks of large files."""
        return ChunkTable(boto3.client("dynamodb", config=CLIENT), self.functions.settings.chunk_table)

    @cached_property
    def splitter(self) -> Splitter:
        """The splitter of large files."""
        shared, s3 = self.functions, boto3.client("s3", config=CLIENT)
        size = shared.settings.chunk_bytes
        return Splitter(shared.sender, shared.metastore, s3, shared.queues, self.chunk_table, size, self.progress)

    @cached_property
    def chunk_persistence(self) -> ChunkPersistence:
        """The loader of chunks of large files."""
        shared, s3 = self.functions, boto3.client("s3", config=CLIENT)
        return ChunkPersistence(shared.sender, shared.metastore, s3, self.chunk_table, self.progress)

    @cached_property
    def announcer(self) -> Announcer:
        """The announcer of portfolios of large deliveries."""
        shared = self.functions
        return Announcer(
            shared.database, boto3.client("events", config=CLIENT), shared.settings.bus, shared.choreography
        )

    @cached_property
    def portfolio_steps(self) -> PortfolioSteps:
        """The calculation of large deliveries in batches of portfolios."""
        shared = self.functions
        return PortfolioSteps(shared.database, shared.metastore, self.progress, shared.queues, shared.choreography)
