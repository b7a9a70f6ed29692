"""Keys, including hostile ones, are stored unchanged or refused with S3's error, and never leave the
bucket's folder.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from localaws.home import Home
from localaws.running import Running
from localaws.s3.store import ObjectStore

HOSTILE = [
    "../x", "../../etc/passwd", "..", ".", "./a", "a/../b", "a//b", "//", "/a", "a/", "a/b/", "%", "%2e%2e/%2f", "%00",
    "a%20b", "a+b", "a b", " ", "é", "e\u0301", "\u00e9/e\u0301", "日本/語", "😀", "a\nb", "a\tb", "a\\b", "a?b=c",
    "a#b", "a&b", "k" * 1024, "k" * 300, ("d" * 200 + "/") * 5 + "k", "é" * 512, ".crc", ".a.crc", "x/.a.crc", "con",
    "a:b", "*", "~", "~/x", "$HOME",
]  # fmt: skip
segments = st.sampled_from(["", ".", "..", "a", "b", "A", "é", "%2f", " ", ".a.crc", "a" * 256, "\n"])
keys = st.lists(segments, min_size=1, max_size=4).map("/".join).filter(bool)


@pytest.mark.parametrize("key", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_key_is_stored_faithfully(aws: Running, s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"m": "1"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["Metadata"]) == (key.encode(), {"m": "1"})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert list((aws.home / "s3" / bucket).iterdir()) == []


def test_hostile_keys_stay_apart_and_inside(aws: Running, s3: Any, bucket: str) -> None:
    before = {path for path in aws.home.glob("*") if path.name not in ("server.log",)}
    for key in HOSTILE:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in HOSTILE:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(HOSTILE, key=str.encode)
    assert {path for path in aws.home.glob("*") if path.name not in ("server.log",)} == before


def test_a_key_over_1024_bytes_is_refused(s3: Any, bucket: str) -> None:
    for key in ("k" * 1025, "é" * 513):
        with pytest.raises(ClientError, match="KeyTooLongError"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"")


@pytest.mark.parametrize("order", [("a", "a/b", "a/b/c"), ("a/b/c", "a/b", "a")])
def test_a_key_that_is_also_a_prefix(s3: Any, bucket: str, order: tuple[str, ...]) -> None:
    for key in order:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in order] == list(order)
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    listing = [item["Key"] for item in page["Contents"]], [item["Prefix"] for item in page["CommonPrefixes"]]
    assert listing == (["a"], ["a/"])
    s3.delete_object(Bucket=bucket, Key=order[0])
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == sorted(order[1:])


def test_an_emptied_folder_gives_its_name_back(aws: Running, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a/b/c", Body=b"")
    s3.delete_object(Bucket=bucket, Key="a/b/c")
    s3.put_object(Bucket=bucket, Key="a", Body=b"file")
    assert (aws.home / "s3" / bucket / "a").read_bytes() == b"file"


@few_and_many(10, 40)
def test_a_bucket_is_a_dict(s3: Any, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(written=st.dictionaries(keys, st.binary(max_size=8), max_size=8))
    def holds(written: dict[str, bytes]) -> None:
        bucket = f"dict-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=bucket)
        for key, data in written.items():
            s3.put_object(Bucket=bucket, Key=key, Body=data)
        listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        assert listed == sorted(written, key=str.encode)
        assert {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in listed} == written

    holds()


class StoreMachine(RuleBasedStateMachine):
    """A store compared with a dict, with restarts and with files that appear and disappear without the API."""

    names = Bundle("names")
    folder: Path

    @initialize()
    def open(self) -> None:
        self.home = Home(self.folder / uuid.uuid4().hex)
        self.home.acquire()
        self.store = ObjectStore(self.home)
        self.store.buckets.create("bucket")
        self.model: dict[str, bytes] = {}

    @rule(target=names, key=keys)
    def name(self, key: str) -> str:
        return key

    @rule(key=names, data=st.binary(max_size=5))
    def put(self, key: str, data: bytes) -> None:
        self.store.writes.put_bytes("bucket", key, data)
        self.model[key] = data

    @rule(key=names)
    def delete(self, key: str) -> None:
        self.store.writes.delete("bucket", key)
        self.model.pop(key, None)

    @rule(data=st.binary(max_size=5))
    def write_past_the_api(self, data: bytes) -> None:
        folder = self.store.buckets.folder("bucket") / "spark"
        folder.mkdir(exist_ok=True)
        (folder / "part-0").write_bytes(data)
        (folder / ".part-0.crc").write_bytes(b"crc")
        self.model["spark/part-0"] = data

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = ObjectStore(self.home)

    @invariant()
    def holds_the_model(self) -> None:
        if not hasattr(self, "store"):
            return
        listed = [info.key for info in self.store.reads.list("bucket")]
        assert listed == sorted(self.model)
        assert {key: self.store.reads.get_bytes("bucket", key) for key in listed} == self.model

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.home.release()


@few_and_many(10, 40)
def test_a_store_behaves_as_a_dict_whatever_the_order(tmp_path: Path, examples: int) -> None:
    machine = type("Machine", (StoreMachine,), {"folder": tmp_path})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None))
