"""Behaviour of moto and cheroot that localaws/s3 needs: an incompatible upgrade fails here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from cheroot import server as cheroot_server
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.s3 import models
from moto.s3.exceptions import BucketAlreadyExists, InvalidBucketName, MissingBucket
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from localaws.home import Home
from localaws.s3.moto_backend import StoreS3Backend, install
from localaws.s3.store import ObjectStore


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[StoreS3Backend]:
    home = Home(tmp_path)
    home.acquire()
    store = ObjectStore(home)
    before = s3_backends.backend
    install(store)
    s3_backend = StoreS3Backend("aws", DEFAULT_ACCOUNT_ID)
    yield s3_backend
    s3_backend.reset()
    s3_backends.backend = before
    store.close()
    home.release()


def test_a_backend_dict_makes_backends_of_the_class_it_names() -> None:
    """install() sets ``s3_backends.backend``, which works only if moto reads the class at the first access."""
    assert isinstance(s3_backends, BackendDict)
    assert issubclass(s3_backends.backend, S3Backend)
    assert "self.backend" in inspect.getsource(BackendDict.__getitem__) + inspect.getsource(
        BackendDict._create_account_specific_backend
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("get_bucket", ["bucket_name"]),
        ("create_bucket", ["bucket_name", "region_name", "bucket_namespace"]),
        ("delete_bucket", ["bucket_name"]),
        ("put_bucket_versioning", ["bucket_name", "status"]),
        ("get_bucket_versioning", ["bucket_name"]),
        ("get_object", ["bucket_name", "key_name", "version_id", "part_number", "return_delete_marker"]),
        ("head_object", ["bucket_name", "key_name", "version_id", "part_number"]),
        ("list_objects", ["bucket", "prefix", "delimiter", "marker", "max_keys"]),
        ("put_bucket_acl", ["bucket_name", "acl"]),
        ("put_bucket_lifecycle", ["bucket_name", "rules"]),
        ("delete_bucket_encryption", ["bucket_name"]),
        ("delete_object", ["bucket_name", "key_name", "version_id", "bypass"]),
    ],
)
def test_an_overridden_method_has_motos_parameters(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(S3Backend, name)).parameters)[1:] == parameters
    assert list(inspect.signature(getattr(StoreS3Backend, name)).parameters)[1:] == parameters


def test_moto_asks_the_policy_of_the_target_of_access_logs() -> None:
    assert (
        "_log_permissions_enabled_policy(\n            target_bucket=target_bucket, target_prefix="
        in inspect.getsource(FakeBucket.set_logging)
    )


def test_put_object_begins_with_bucket_key_and_value() -> None:
    assert list(inspect.signature(S3Backend.put_object).parameters)[1:4] == ["bucket_name", "key_name", "value"]


def test_other_services_read_and_write_the_stores_bytes(backend: StoreS3Backend) -> None:
    """Lambda reads code with get_object().value; Firehose and Logs write with put_object()."""
    backend.create_bucket("code", "us-east-1")
    backend.put_object("code", "a/b.zip", b"bytes")
    assert backend.store.reads.get_bytes("code", "a/b.zip") == b"bytes"
    key = backend.get_object("code", "a/b.zip")
    assert isinstance(key, FakeKey)
    assert (key.value, key.size, key.name) == (b"bytes", 5, "a/b.zip")
    keys, prefixes, truncated, _ = backend.list_objects(backend.get_bucket("code"), "a/", None, None, None)
    assert ([item.name for item in keys], prefixes, truncated) == (["a/b.zip"], [], False)
    backend.delete_object("code", "a/b.zip")
    assert backend.get_object("code", "a/b.zip") is None


def test_bucket_names_are_registered_by_the_bucket_itself(backend: StoreS3Backend) -> None:
    """FakeBucket() registers its account in s3_backends.bucket_accounts, which adopting a folder needs."""
    backend.store.buckets.create("folder")
    assert isinstance(backend.get_bucket("folder"), FakeBucket)
    assert s3_backends.bucket_accounts["folder"] == ("aws", DEFAULT_ACCOUNT_ID)
    with pytest.raises(BucketAlreadyExists):
        backend.create_bucket("folder", "us-east-1")


def test_errors_for_invalid_missing_and_nonempty_buckets(backend: StoreS3Backend) -> None:
    """delete_bucket() returns None for a bucket that is not empty, for which moto's response raises BucketNotEmpty."""
    with pytest.raises(InvalidBucketName):
        backend.create_bucket("Not_Valid", "us-east-1")
    with pytest.raises(MissingBucket):
        backend.get_bucket("missing")
    backend.create_bucket("full", "us-east-1")
    backend.store.writes.put_bytes("full", "k", b"")
    assert backend.delete_bucket("full") is None
    assert "raise BucketNotEmpty" in inspect.getsource(models_response().delete_bucket)


def models_response() -> type:
    from moto.s3.responses import S3Response

    return S3Response


def test_the_url_module_is_named_by_s3_itself() -> None:
    """Otherwise a subclass outside moto would look for a module ``urls`` in its own package."""
    assert "moto.s3.urls" in inspect.getsource(models.S3Backend._url_module.fget)


def test_cheroot_gives_the_raw_stream_of_a_chunked_request() -> None:
    """localaws reads chunks in blocks: ``rfile`` is the stream, and ``closed`` stops the server from reading more."""
    stream = cheroot_server.ChunkedRFile("raw", 0)
    assert stream.rfile == "raw"
    stream.closed = True
    assert stream.read(10) == b""
