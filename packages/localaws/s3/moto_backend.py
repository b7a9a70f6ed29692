"""moto's view of S3: its buckets are the store's, and its objects are read from and written to the store.

moto keeps the bucket settings (policy, CORS, lifecycle, encryption, ...). moto's other services in this process that
read or write S3 (Lambda code, Firehose, CloudFormation templates) use the same bytes.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any, ClassVar

from moto.s3.exceptions import InvalidBucketName, MissingBucket
from moto.s3.models import FakeAcl, FakeBucket, FakeKey, S3Backend, s3_backends

from localaws.s3.bucket_settings import DEFAULT_ENCRYPTION, set_defaults
from localaws.s3.errors import S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.names import is_bucket_name
from localaws.s3.store import ObjectStore


class StoreS3Backend(S3Backend):
    """moto's S3 backend over an :class:`ObjectStore`; moto stores no objects itself."""

    store: ClassVar[ObjectStore]

    def get_bucket(self, bucket_name: str) -> FakeBucket:
        """The bucket's settings; defaults for a folder that moto does not know, MissingBucket without a folder."""
        there = self.store.buckets.exists(bucket_name)
        if there and bucket_name not in s3_backends.bucket_accounts:
            if bucket_name in self.buckets:
                s3_backends.bucket_accounts[bucket_name] = (self.partition, self.account_id)
            else:
                self.buckets[bucket_name] = FakeBucket(bucket_name, self.account_id, "us-east-1")
                set_defaults(self.buckets[bucket_name])
        if not there and bucket_name in self.buckets:
            self._forget(bucket_name)
            raise MissingBucket(bucket=bucket_name)
        bucket = super().get_bucket(bucket_name)
        bucket.versioning_status = self.store.buckets.versioning(bucket_name) or None
        return bucket

    def create_bucket(self, bucket_name: str, region_name: str, bucket_namespace: str | None = None) -> FakeBucket:
        if not is_bucket_name(bucket_name):
            raise InvalidBucketName()
        if self.store.buckets.exists(bucket_name):
            self.get_bucket(bucket_name)
        elif bucket_name in self.buckets:
            self._forget(bucket_name)
        bucket = super().create_bucket(bucket_name, region_name, bucket_namespace)
        set_defaults(bucket)
        self.store.buckets.create(bucket_name)
        return bucket

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        bucket = self.get_bucket(bucket_name)
        try:
            self.store.buckets.delete(bucket_name)
        except S3Error as error:
            if error.code == "BucketNotEmpty":
                return None  # moto's own way to say so
            raise
        self._forget(bucket_name)
        return bucket

    def put_bucket_acl(self, bucket_name: str, acl: FakeAcl | None) -> None:
        """Store the ACL; a document without grants removes all grants."""
        super().put_bucket_acl(bucket_name, acl or FakeAcl())

    def put_bucket_lifecycle(self, bucket_name: str, rules: list[dict[str, Any]]) -> None:
        """Store the rules; a rule without an ID gets a random ID."""
        named = [rule if rule.get("ID") else {**rule, "ID": secrets.token_urlsafe(36)} for rule in rules]
        super().put_bucket_lifecycle(bucket_name, named)

    def delete_bucket_encryption(self, bucket_name: str) -> None:
        """Restore the default encryption: a bucket always has encryption."""
        self.get_bucket(bucket_name).encryption = DEFAULT_ENCRYPTION

    def put_bucket_versioning(self, bucket_name: str, status: str) -> None:
        self.get_bucket(bucket_name)
        self.store.buckets.set_versioning(bucket_name, status)

    def get_bucket_versioning(self, bucket_name: str) -> str | None:
        self.get_bucket(bucket_name)
        return self.store.buckets.versioning(bucket_name) or None

    def put_object(self, bucket_name: str, key_name: str, value: str | bytes, *args: Any, **settings: Any) -> FakeKey:
        bucket = self.get_bucket(bucket_name)
        data = value.encode() if isinstance(value, str) else bytes(value)
        return self._key(bucket, self.store.writes.put_bytes(bucket_name, key_name, data), data)

    def get_object(
        self,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        part_number: str | None = None,
        return_delete_marker: bool = False,
    ) -> FakeKey | None:
        bucket = self.get_bucket(bucket_name)
        try:
            info, file = self.store.reads.open(bucket_name, key_name, version_id or "")
        except S3Error:
            return None
        with file:
            return self._key(bucket, info, file.read())

    def head_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, part_number: str | None = None
    ) -> FakeKey | None:
        return self.get_object(bucket_name, key_name, version_id)

    def list_objects(
        self, bucket: FakeBucket, prefix: str | None, delimiter: str | None, marker: str | None, max_keys: int | None
    ) -> Any:
        """Keys and common prefixes, whether more follow, and the next marker."""
        page = self.store.reads.page(bucket.name, prefix or "", delimiter or "", marker or "", max_keys or 1000)
        keys = [key for info in page.objects if (key := self.get_object(bucket.name, info.key))]
        return keys, page.prefixes, page.truncated, page.last if page.truncated else None

    def delete_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        self.get_bucket(bucket_name)
        if version_id:
            self.store.writes.delete_version(bucket_name, key_name, version_id)
        else:
            self.store.writes.delete(bucket_name, key_name)
        return True, {}

    def _key(self, bucket: FakeBucket, info: ObjectInfo, data: bytes) -> FakeKey:
        return FakeKey(
            name=info.key, value=data, account_id=bucket.account_id, region_name=bucket.region_name,
            etag=info.etag, version_id=info.version, bucket_name=bucket.name,
        )  # fmt: skip

    def _forget(self, bucket_name: str) -> None:
        if bucket := self.buckets.pop(bucket_name, None):
            self.tagger.delete_all_tags_for_resource(bucket.arn)
        vars(self).get("named_configurations", {}).pop(bucket_name, None)
        s3_backends.bucket_accounts.pop(bucket_name, None)


def register_loaded() -> None:
    """Record the owners of the buckets in moto's stored state, and forget those whose folder is missing."""
    for account in list(s3_backends.values()):
        for backend in list(account.values()):
            for name in list(backend.buckets):
                with suppress(MissingBucket):
                    backend.get_bucket(name)


def install(store: ObjectStore) -> None:
    """Make moto use the store for S3; call it before moto's first request."""
    StoreS3Backend.store = store
    s3_backends.backend = StoreS3Backend
    # S3 accepts a target of access logs whose policy does not yet let S3 write there.
    FakeBucket._log_permissions_enabled_policy = staticmethod(lambda target_bucket, target_prefix: True)
