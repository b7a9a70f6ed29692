"""Extractor that registers files in the landing bucket for which no event was received."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from estrela.etl.base import Figures
from estrela.etl.extractor import Extractor
from estrela.ledger.arrivals import listed
from estrela.ledger.register import Register
from estrela.model.feed import Feed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 1000
"""Files per transaction. Each takes a lock, and PostgreSQL has only a few thousand locks."""


@dataclass(frozen=True)
class LandingExtractor(Extractor):
    """Lists the folder of ``feed`` in ``bucket`` and registers files that the ledger does not know."""

    feed: Feed
    s3: S3Client
    bucket: str
    registrar: Register
    run_key: str

    def run(self) -> Figures:
        """Register new files and return their number. Raises ClientError and LoadError."""
        arrivals = listed(self.s3, self.bucket, self.feed.origin.prefix)
        registered = 0
        while some := list(islice(arrivals, AT_ONCE)):
            registered += self.registrar.register(some, self.run_key, by_event=False)
        return {"feed": self.feed.name, "registered": registered}
