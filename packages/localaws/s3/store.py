"""Objects as files: the store that the S3 API, Glue, Athena and Iceberg share."""

from __future__ import annotations

from localaws.home import Home
from localaws.s3.info import ObjectInfo
from localaws.s3.names import split_uri
from localaws.s3.object_reader import ObjectReader
from localaws.s3.object_writer import ObjectWriter
from localaws.s3.parts import StoreParts

__all__ = ["ObjectInfo", "ObjectStore", "split_uri"]


class ObjectStore:
    """Buckets and objects of one home: ``buckets``, ``reads`` and ``writes``. Any thread may call any method.

    All methods raise NoSuchBucketError for a bucket that does not exist, S3Error KeyTooLongError for a key over 1,024
    bytes, and OSError (see :func:`localaws.s3.errors.is_disk_full`) if the disk is full; a failed write changes
    nothing.
    """

    def __init__(self, home: Home) -> None:
        self.parts = StoreParts(home)
        self.buckets = self.parts.buckets
        self.reads = ObjectReader(self.parts)
        self.writes = ObjectWriter(self.parts, self.reads)

    def close(self) -> None:
        """Close the index."""
        self.parts.index.close()
