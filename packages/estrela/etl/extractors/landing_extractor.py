"""Registers what others dropped into the landing bucket and no event told of."""

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
"""Files of one transaction, each of which takes a lock that PostgreSQL has some thousands of."""


@dataclass(frozen=True)
class LandingExtractor(Extractor):
    """Lists the folder of ``feed`` in ``bucket``; files that the ledger knows are only counted."""

    feed: Feed
    s3: S3Client
    bucket: str
    registrar: Register
    run_key: str

    def run(self) -> Figures:
        """Register, and return how many files were not known. Raises ClientError and LoadError."""
        arrivals = listed(self.s3, self.bucket, self.feed.origin.prefix)
        registered = 0
        while some := list(islice(arrivals, AT_ONCE)):
            registered += self.registrar.register(some, self.run_key, by_event=False)
        return {"feed": self.feed.name, "registered": registered}
