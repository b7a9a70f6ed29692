"""The store as other parts of localaws use it, in process."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from localaws.s3.errors import NoSuchBucketError, NoSuchKeyError, PreconditionFailedError, S3Error
from localaws.s3.names import is_bucket_name
from localaws.s3.store import ObjectStore, split_uri

LASTING = ("lock", "s3.sqlite", "s3.sqlite-wal", "s3.sqlite-shm")


def test_put_head_get_list_delete(store: ObjectStore, tmp_path: Path) -> None:
    put = store.writes.put_bytes("lake", "a/b", b"data")
    head = store.reads.head("lake", "a/b")
    assert head
    assert (head.key, head.size, head.etag) == ("a/b", 4, hashlib.md5(b"data").hexdigest())
    assert (put.etag, put.mtime) == (head.etag, head.mtime)
    assert store.reads.get_bytes("lake", "a/b") == b"data"
    assert store.reads.local_path("lake", "a/b").read_bytes() == b"data"
    assert store.buckets.folder("lake") == tmp_path / "s3" / "lake"
    assert [info.key for info in store.reads.list("lake", "a/")] == ["a/b"]
    store.writes.delete("lake", "a/b")
    assert not store.reads.exists("lake", "a/b")
    assert store.reads.head("lake", "a/b") is None
    assert store.buckets.names() == ["lake"]


def test_buckets_are_listed_while_one_is_deleted(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error here would end the thread that looks for files of Spark."""
    gone = tmp_path / "s3" / "gone"
    gone.mkdir()

    def delete_then_judge(name: str) -> bool:
        shutil.rmtree(gone, ignore_errors=True)
        return is_bucket_name(name)

    monkeypatch.setattr("localaws.s3.buckets.is_bucket_name", delete_then_judge)
    assert [bucket.name for bucket in store.buckets.all()] == ["lake"]


@pytest.mark.parametrize("key", ["k", "a//b"], ids=["plain", "hostile"])
def test_what_was_overwritten_leaves_no_row_and_no_file(store: ObjectStore, tmp_path: Path, key: str) -> None:
    for number in range(5):
        store.writes.put_bytes("lake", key, str(number).encode())
    assert store.parts.index.run("SELECT count(*) FROM objects") == [(1,)]
    store.writes.delete("lake", key)
    assert store.parts.index.run("SELECT count(*) FROM objects") == [(0,)]
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in LASTING] == []


def test_what_is_missing_is_named(store: ObjectStore) -> None:
    with pytest.raises(NoSuchKeyError, match="NoSuchKey: The specified key does not exist"):
        store.reads.get_bytes("lake", "none")
    for call in (store.reads.get_bytes, store.reads.local_path, store.reads.head):
        with pytest.raises(NoSuchBucketError):
            call("none", "k")
    with pytest.raises(NoSuchBucketError):
        store.buckets.folder("../lake")


def test_create_only(store: ObjectStore) -> None:
    store.writes.put_bytes("lake", "k", b"first", if_none_match=True)
    with pytest.raises(PreconditionFailedError):
        store.writes.put_bytes("lake", "k", b"second", if_none_match=True)
    assert store.reads.get_bytes("lake", "k") == b"first"


def test_a_key_that_is_no_path_has_no_file(store: ObjectStore) -> None:
    store.writes.put_bytes("lake", "../x", b"data")
    assert store.reads.get_bytes("lake", "../x") == b"data"
    with pytest.raises(S3Error, match=r"key '\.\./x' cannot be the path of a file below the bucket's folder"):
        store.reads.local_path("lake", "../x")


def test_listing_starts_after_a_key(store: ObjectStore) -> None:
    for key in ("a", "a/b", "b", "c"):
        store.writes.put_bytes("lake", key, b"")
    assert [info.key for info in store.reads.list("lake", after="a")] == ["a/b", "b", "c"]


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://lake/a/b", ("lake", "a/b")),
        ("s3a://lake/a//b/", ("lake", "a//b/")),
        ("s3://lake", ("lake", "")),
        ("s3://lake/k?x#y", ("lake", "k?x#y")),
    ],
)
def test_split_uri(uri: str, parts: tuple[str, str]) -> None:
    assert split_uri(uri) == parts


@pytest.mark.parametrize("uri", ["http://lake/k", "lake/k", "s3:///k", ""])
def test_split_uri_refuses(uri: str) -> None:
    with pytest.raises(ValueError, match="is not an S3 location; expected: s3://bucket/key"):
        split_uri(uri)
