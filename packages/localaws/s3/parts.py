"""Objects that the reads and the writes of one store share."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from localaws.home import Home
from localaws.s3.buckets import Buckets
from localaws.s3.errors import NoSuchBucketError, S3Error
from localaws.s3.history import History
from localaws.s3.index import Index
from localaws.s3.layout import Layout
from localaws.s3.names import check_key
from localaws.s3.version_ids import is_version_id

LOCKS = 1024


class StoreParts:
    """Files, index, history and buckets of one home, and the locks of keys."""

    def __init__(self, home: Home) -> None:
        self.layout = Layout(home)
        self.index = Index(home.meta / "s3.sqlite")
        self.history = History(self.layout, self.index)
        self.history.recover()
        self.buckets = Buckets(self.layout, self.index)
        self._locks = [threading.RLock() for _ in range(LOCKS)]

    def locked(self, bucket: str, key: str) -> AbstractContextManager[bool]:
        """The lock that a change of the key must hold."""
        return self._locks[hash((bucket, key)) % LOCKS]

    def check(self, bucket: str, key: str) -> None:
        """Raise NoSuchBucketError, or S3Error KeyTooLongError or InvalidURI."""
        check_key(key)
        if not self.buckets.exists(bucket):
            raise NoSuchBucketError(bucket)


def check_version(version: str) -> None:
    """Raise S3Error InvalidArgument for an invalid version ID."""
    if not is_version_id(version):
        elements = {"ArgumentName": "versionId", "ArgumentValue": version[:100]}
        raise S3Error("InvalidArgument", "Invalid version id specified", elements)


def deleted_error(version: str) -> S3Error:
    """The error of an operation on a delete marker."""
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": version, "Allow": "DELETE"}
    return S3Error("MethodNotAllowed", elements={"ResourceType": "DeleteMarker"}, headers=headers)
