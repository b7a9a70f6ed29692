"""Many concurrent clients: no torn read, one winner of a conditional write, folders that appear and disappear."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import ClientError

from localaws.home import Home
from localaws.running import Running
from localaws.s3.info import Facts
from localaws.s3.store import ObjectStore


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run all functions at the same time and return their results; raise the first error."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def test_bytes_and_metadata_of_a_hot_key_belong_together(s3: Any, bucket: str) -> None:
    def write(digit: int) -> None:
        body = bytes([48 + digit]) * (1 << 20)
        for _ in range(8):
            s3.put_object(Bucket=bucket, Key="hot", Body=body, Metadata={"digit": str(digit)})

    def read() -> None:
        for _ in range(15):
            got = s3.get_object(Bucket=bucket, Key="hot")
            data = got["Body"].read()
            assert data == got["Metadata"]["digit"].encode() * (1 << 20)
            assert got["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
            head = s3.head_object(Bucket=bucket, Key="hot")
            assert head["ETag"] == f'"{hashlib.md5(head["Metadata"]["digit"].encode() * (1 << 20)).hexdigest()}"'
            listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
            assert [(item["Key"], item["Size"]) for item in listed] == [("hot", 1 << 20)]

    write(0)
    together(lambda: write(1), lambda: write(2), read, read)


def test_a_reader_never_pairs_bytes_with_another_writes_metadata(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.acquire()
    store = ObjectStore(home)
    store.buckets.create("lake")
    done = threading.Event()

    def write(name: str) -> None:
        for number in range(100):
            body = f"{name}{number}".encode()
            with store.writes.draft() as draft:
                draft.write(body)
                store.writes.put(
                    "lake", "hot", draft, hashlib.md5(body).hexdigest(), Facts(metadata={"body": body.decode()})
                )
        done.set()

    def read() -> None:
        while not done.is_set():
            info, file = store.reads.open("lake", "hot")
            with file:
                assert info.facts.metadata == {"body": file.read().decode()}

    body = b"first"
    with store.writes.draft() as draft:
        draft.write(body)
        store.writes.put("lake", "hot", draft, hashlib.md5(body).hexdigest(), Facts(metadata={"body": "first"}))
    together(lambda: write("a"), lambda: write("b"), read, read, read)
    store.close()
    home.release()


def test_a_slow_reader_gets_the_object_it_began(s3: Any, bucket: str) -> None:
    old = b"old" * (1 << 20)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    body = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = body.read(10)
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    s3.delete_object(Bucket=bucket, Key="k")
    assert first + body.read() == old


def test_if_none_match_has_exactly_one_winner(s3: Any, bucket: str) -> None:
    def attempt(number: int) -> str:
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return f"won {number}"

    answers = together(*[lambda number=number: attempt(number) for number in range(12)])
    assert sorted(answers)[:11] == ["PreconditionFailed"] * 11
    winner = sorted(answers)[11].removeprefix("won ")
    assert s3.get_object(Bucket=bucket, Key="lock")["Body"].read().decode() == winner


def test_if_match_loses_no_update(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="counter", Body=b"0")

    def add(times: int) -> None:
        while times:
            got = s3.get_object(Bucket=bucket, Key="counter")
            value = str(int(got["Body"].read()) + 1).encode()
            try:
                s3.put_object(Bucket=bucket, Key="counter", Body=value, IfMatch=got["ETag"])
                times -= 1
            except ClientError as error:
                assert error.response["Error"]["Code"] == "PreconditionFailed"

    together(*[lambda: add(5)] * 4)
    assert s3.get_object(Bucket=bucket, Key="counter")["Body"].read() == b"20"


def test_a_folder_may_be_emptied_while_it_is_filled(s3: Any, bucket: str) -> None:
    def churn(name: str) -> None:
        for _ in range(40):
            s3.put_object(Bucket=bucket, Key=f"a/b/{name}", Body=name.encode())
            assert s3.get_object(Bucket=bucket, Key=f"a/b/{name}")["Body"].read() == name.encode()
            s3.delete_object(Bucket=bucket, Key=f"a/b/{name}")

    together(*[lambda name=name: churn(name) for name in ("x", "y", "z")])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_and_its_prefix_at_once(s3: Any, bucket: str) -> None:
    def churn(key: str) -> None:
        for number in range(30):
            s3.put_object(Bucket=bucket, Key=key, Body=f"{key} {number}".encode())
            assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == f"{key} {number}".encode()
            if number % 2:
                s3.delete_object(Bucket=bucket, Key=key)

    together(lambda: churn("a"), lambda: churn("a/b"), lambda: churn("a/b/c"))
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_concurrent_versions_are_all_kept(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def write(name: str) -> dict[str, bytes]:
        bodies = [f"{name}{number}".encode() for number in range(15)]
        return {s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"]: body for body in bodies}

    written = {
        version: body for part in together(*[lambda n=n: write(n) for n in "abc"]) for version, body in part.items()
    }
    listed = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert {item["VersionId"] for item in listed} == set(written)
    assert sum(item["IsLatest"] for item in listed) == 1
    for version, body in written.items():
        assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == body


def test_objects_hold_no_file_descriptors(aws: Running, s3: Any, bucket: str) -> None:
    server = psutil.Process(aws.pid)
    s3.put_object(Bucket=bucket, Key="first", Body=b"")
    before = server.num_fds()
    for number in range(100):
        s3.put_object(Bucket=bucket, Key=f"k/{number}", Body=b"x" * 10_000)
        s3.get_object(Bucket=bucket, Key=f"k/{number}")["Body"].read()
    s3.list_objects_v2(Bucket=bucket)
    assert server.num_fds() - before < 20
