"""Listing: order, pages, delimiters, and files that are not objects."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.running import Running

KEYS = ["a", "a!", "a-b", "a.b", "a/b", "a/c/d", "a/c/e", "a0", "b//c", "b/d", "c/", "é", "日"]


@pytest.fixture(scope="module")
def lake(s3: Any) -> str:
    """A bucket that contains KEYS and never changes."""
    name = f"lake-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    for key in KEYS:
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    return name


def expected(prefix: str, delimiter: str, after: str) -> tuple[list[str], list[str]]:
    """Return S3's answer, computed from its definition."""
    keys, prefixes = [], []
    for key in sorted(KEYS, key=str.encode):
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        if key.startswith(prefix) and end >= 0:
            common = key[: end + len(delimiter)]
            prefixes += [common] if common > after and common not in prefixes else []
        elif key.startswith(prefix) and key > after:
            keys.append(key)
    return keys, prefixes


def listed(s3: Any, operation: str, **arguments: Any) -> tuple[list[str], list[str]]:
    size = arguments.pop("size")
    pages = list(s3.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": size}))
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return keys, [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]


prefixes = st.sampled_from(["", "a", "a/", "a/c", "a/c/", "b", "b/", "b//", "c/", "é", "none", "../", "/"])


@few_and_many(15, 60)
def test_every_page_size_gives_the_same_list(s3: Any, lake: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(
        prefix=prefixes,
        delimiter=st.sampled_from(["", "/", "c", "/c"]),
        after=st.sampled_from(["", *KEYS, "a/", "a/c/", "zz"]),
        size=st.sampled_from([1, 2, 3, 1000]),
    )
    def holds(prefix: str, delimiter: str, after: str, size: int) -> None:
        arguments = {"Bucket": lake, "Prefix": prefix, "Delimiter": delimiter, "size": size}
        wanted = expected(prefix, delimiter, after)
        assert listed(s3, "list_objects_v2", StartAfter=after, **arguments) == wanted
        assert listed(s3, "list_objects", Marker=after, **arguments) == wanted

    holds()


def test_max_keys(s3: Any, lake: str) -> None:
    assert s3.list_objects_v2(Bucket=lake, MaxKeys=0)["KeyCount"] == 0
    page = s3.list_objects_v2(Bucket=lake, MaxKeys=5000)
    assert (page["MaxKeys"], page["KeyCount"], page["IsTruncated"]) == (1000, len(KEYS), False)


def test_a_wrong_token_is_refused(s3: Any, lake: str) -> None:
    with pytest.raises(ClientError, match="The continuation token provided is incorrect"):
        s3.list_objects_v2(Bucket=lake, ContinuationToken="%%%")


def test_files_written_by_spark_are_objects_and_side_files_are_not(aws: Running, s3: Any, bucket: str) -> None:
    table = aws.home / "s3" / bucket / "table" / "day=1"
    table.mkdir(parents=True)
    for name in ("part-0.parquet", ".part-0.parquet.crc", "_SUCCESS"):
        (table / name).write_bytes(b"bytes")
    (aws.home / "s3" / bucket / "empty" / "folders").mkdir(parents=True)
    answer = s3.list_objects_v2(Bucket=bucket)
    contents = answer["Contents"]
    assert answer["KeyCount"] == 2
    assert [item["Key"] for item in contents] == ["table/day=1/_SUCCESS", "table/day=1/part-0.parquet"]
    assert contents[0]["ETag"] == s3.head_object(Bucket=bucket, Key="table/day=1/_SUCCESS")["ETag"]
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in page["CommonPrefixes"]] == ["table/"]


def test_bytes_changed_past_the_api_lose_the_old_metadata(aws: Running, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"old", Metadata={"m": "1"}, Tagging="t=1")
    path = aws.home / "s3" / bucket / "k"
    path.write_bytes(b"new")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {}
    assert head["ETag"] == s3.put_object(Bucket=bucket, Key="same", Body=b"new")["ETag"]


def test_a_symbolic_link_is_no_object(aws: Running, s3: Any, bucket: str) -> None:
    secret = aws.home / "secret"
    secret.write_text("secret")
    (aws.home / "s3" / bucket / "link").symlink_to(secret)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="link")
