"""Objects survive a restart, a kill between two steps of a write, and a full disk."""

from __future__ import annotations

import hashlib
import resource
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.home import Home
from localaws.running import Running, running
from localaws.s3.store import ObjectStore

NO_RETRY = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=10)


def test_objects_settings_and_uploads_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        s3 = first.client("s3")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="k", Body=b"1", Metadata={"m": "1"}, Tagging="t=1", ContentType="text/x")
        s3.put_object(Bucket="lake", Key="../k", Body=b"2", Metadata={"m": "2"})
        s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
        version = s3.put_object(Bucket="lake", Key="k", Body=b"3")["VersionId"]
        s3.put_bucket_tagging(Bucket="lake", Tagging={"TagSet": [{"Key": "team", "Value": "data"}]})
        created = s3.list_buckets()["Buckets"]
        upload = {
            key: s3.create_multipart_upload(Bucket="lake", Key="big")[key] for key in ("Bucket", "Key", "UploadId")
        }
        part = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    (tmp_path / "s3" / "by-hand").mkdir()
    with running(tmp_path) as second:
        s3 = second.client("s3")
        old = s3.get_object(Bucket="lake", Key="k", VersionId="null")
        assert (old["Body"].read(), old["Metadata"], old["ContentType"]) == (b"1", {"m": "1"}, "text/x")
        assert s3.get_object_tagging(Bucket="lake", Key="k", VersionId="null")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert s3.head_object(Bucket="lake", Key="../k")["Metadata"] == {"m": "2"}
        assert s3.head_object(Bucket="lake", Key="k")["VersionId"] == version
        assert s3.get_bucket_tagging(Bucket="lake")["TagSet"] == [{"Key": "team", "Value": "data"}]
        assert s3.list_buckets()["Buckets"][1:] == created
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
        assert s3.get_object(Bucket="lake", Key="big")["Body"].read() == b"part"
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["by-hand", "lake"]


def cut(store: ObjectStore, at: str) -> None:
    """Make the store's next ``at`` raise Killed, so that nothing after it happens, as after a kill there."""

    def killed(*_: object) -> None:
        raise Killed

    setattr(store.parts.history, at, killed)


class Killed(BaseException):
    """Simulates the end of the process."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    home.acquire()
    yield home
    home.release()


@pytest.mark.parametrize("versioning", ["", "Enabled"])
@pytest.mark.parametrize("key", ["k", "a//b"], ids=["plain", "hostile"])
def test_a_kill_between_the_move_and_the_index_keeps_bytes_and_etag_together(
    home: Home, key: str, versioning: str
) -> None:
    store = ObjectStore(home)
    store.buckets.create("lake")
    if versioning:
        store.buckets.set_versioning("lake", versioning)
    store.writes.put_bytes("lake", key, b"old")
    cut(store, "settle")
    with pytest.raises(Killed):
        store.writes.put_bytes("lake", key, b"new")
    store.close()
    again = ObjectStore(home)
    head = again.reads.head("lake", key)
    assert head
    assert hashlib.md5(again.reads.get_bytes("lake", key)).hexdigest() == head.etag
    assert [info.key for info in again.reads.list("lake")] == [key]
    again.writes.put_bytes("lake", key, b"newer")
    assert again.reads.get_bytes("lake", key) == b"newer"
    again.close()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Running]:
    """A server whose files cannot grow over 1 MB: the kernel refuses its writes as on a full disk."""
    with running(tmp_path) as server:
        server.client("s3").create_bucket(Bucket="lake")
        server.client("s3").put_object(Bucket="lake", Key="k", Body=b"old", Metadata={"m": "old"})
        psutil.Process(server.pid).rlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        yield server


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="limits of another process need Linux")
def test_a_full_disk_leaves_the_old_object_and_no_half_one(full_disk: Running) -> None:
    s3 = full_disk.client("s3", config=NO_RETRY)
    upload = {key: s3.create_multipart_upload(Bucket="lake", Key="k")[key] for key in ("Bucket", "Key", "UploadId")}
    for call in (
        lambda: s3.put_object(Bucket="lake", Key="k", Body=b"x" * (2 << 20)),
        lambda: s3.put_object(Bucket="lake", Key="new", Body=b"x" * (2 << 20)),
        lambda: s3.upload_part(**upload, PartNumber=1, Body=b"x" * (2 << 20)),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        error = caught.value.response["Error"]
        assert error["Code"] == "InsufficientStorage"
        assert error["Message"] == "The disk with the home folder is full. Free some space and repeat the request."
    got = s3.get_object(Bucket="lake", Key="k")
    assert (got["Body"].read(), got["Metadata"]) == (b"old", {"m": "old"})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="lake")["Contents"]] == ["k"]
    assert list((full_disk.home / "tmp" / "s3").iterdir()) == []
    s3.put_object(Bucket="lake", Key="small", Body=b"fits")


@pytest.mark.parametrize("key", ["k", "a//b"], ids=["plain", "hostile"])
def test_a_full_disk_of_the_index_keeps_the_old_object(home: Home, key: str) -> None:
    store = ObjectStore(home)
    store.buckets.create("lake")
    store.writes.put_bytes("lake", key, b"old")
    store.parts.index.run("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = store.parts.index.run("PRAGMA page_count")[0][0]
    store.parts.index.run(f"PRAGMA max_page_count = {pages}")
    written = {key: b"old"}
    refused = 0
    for number in range(400):
        name = f"{key}{number}" + "x" * 200
        try:
            store.writes.put_bytes("lake", name, b"new")
            written[name] = b"new"
        except (OSError, sqlite3.Error) as error:
            assert "full" in str(error)
            refused += 1
    assert refused
    assert {info.key: store.reads.get_bytes("lake", info.key) for info in store.reads.list("lake")} == written
    store.close()


def test_a_reader_holds_no_lock(home: Home) -> None:
    store = ObjectStore(home)
    store.buckets.create("lake")
    store.writes.put_bytes("lake", "k", b"1")
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with store.parts.locked("lake", "k"):
            held.set()
            free.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    assert store.reads.get_bytes("lake", "k") == b"1"
    assert [info.key for info in store.reads.list("lake")] == ["k"]
    free.set()
    thread.join()
    store.close()
