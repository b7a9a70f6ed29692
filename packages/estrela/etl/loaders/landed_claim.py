"""The file of a claim: its location, and the error if it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from estrela.errors import FileRefusedError
from estrela.etl.readers.compression import DamagedFileError
from estrela.hooks.landed_files import Landed
from estrela.ledger.claims import Claim


def landed_of(claim: Claim) -> Landed:
    """Return the location of a claim's file: where it landed, or in the archive."""
    if claim.archive_uri:
        bucket, _, key = claim.archive_uri.removeprefix("s3://").partition("/")
        return Landed(bucket, key, "", "", claim.size)
    return Landed(claim.bucket, claim.key, claim.version, claim.etag, claim.size)


@contextmanager
def damage_refused(claim: Claim) -> Iterator[None]:
    """Convert a DamagedFileError of the block to a FileRefusedError for the file of ``claim``."""
    try:
        yield
    except DamagedFileError as error:
        raise FileRefusedError(claim.feed.name, claim.address, str(error)) from error
