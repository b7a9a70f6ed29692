"""Versioning of buckets that enable it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.running import Running


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def put(s3: Any, bucket: str, data: bytes, key: str = "k") -> str:
    return str(s3.put_object(Bucket=bucket, Key=key, Body=data)["VersionId"])


def read(s3: Any, bucket: str, key: str = "k", **version: str) -> bytes:
    return bytes(s3.get_object(Bucket=bucket, Key=key, **version)["Body"].read())


def history(s3: Any, bucket: str) -> list[tuple[str, str, bool, bool]]:
    """Return key, version, whether it is a delete marker, and whether it is the latest."""
    answer = s3.list_object_versions(Bucket=bucket)
    versions = [(item, False) for item in answer.get("Versions", [])]
    markers = [(item, True) for item in answer.get("DeleteMarkers", [])]
    return [(item["Key"], item["VersionId"], is_marker, item["IsLatest"]) for item, is_marker in versions + markers]


@pytest.mark.parametrize("key", ["k", "a//b"], ids=["plain", "hostile"])
def test_each_version_stays_readable(s3: Any, versioned: str, key: str) -> None:
    ids = [put(s3, versioned, data, key) for data in (b"1", b"2", b"3")]
    assert [read(s3, versioned, key, VersionId=version) for version in ids] == [b"1", b"2", b"3"]
    assert read(s3, versioned, key) == b"3"
    assert history(s3, versioned) == [
        (key, ids[2], False, True),
        (key, ids[1], False, False),
        (key, ids[0], False, False),
    ]


@pytest.mark.parametrize("key", ["k", "a//b"], ids=["plain", "hostile"])
def test_a_delete_marker_hides_and_its_removal_shows_again(s3: Any, versioned: str, key: str) -> None:
    first = put(s3, versioned, b"1", key)
    marker = s3.delete_object(Bucket=versioned, Key=key)
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError, match="NoSuchKey") as caught:
        read(s3, versioned, key)
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with pytest.raises(ClientError, match="MethodNotAllowed"):
        read(s3, versioned, key, VersionId=marker["VersionId"])
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert read(s3, versioned, key, VersionId=first) == b"1"
    s3.delete_object(Bucket=versioned, Key=key, VersionId=marker["VersionId"])
    assert read(s3, versioned, key) == b"1"


def test_deleting_the_newest_version_brings_back_the_one_before(aws: Running, s3: Any, versioned: str) -> None:
    put(s3, versioned, b"1")
    second = put(s3, versioned, b"2")
    s3.delete_object(Bucket=versioned, Key="k", VersionId=second)
    assert read(s3, versioned) == b"1"
    assert (aws.home / "s3" / versioned / "k").read_bytes() == b"1"


def test_what_was_there_before_is_version_null(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before", Metadata={"m": "1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(s3, bucket, b"after")
    assert read(s3, bucket, VersionId="null") == b"before"
    assert s3.head_object(Bucket=bucket, Key="k", VersionId="null")["Metadata"] == {"m": "1"}


def test_suspended_versioning_replaces_only_version_null(s3: Any, versioned: str) -> None:
    kept = put(s3, versioned, b"kept")
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    assert all("VersionId" not in s3.put_object(Bucket=versioned, Key="k", Body=data) for data in (b"1", b"2"))
    assert sorted(version for _, version, _, _ in history(s3, versioned)) == sorted([kept, "null"])
    assert s3.delete_object(Bucket=versioned, Key="k")["VersionId"] == "null"
    assert (read(s3, versioned, VersionId=kept), len(history(s3, versioned))) == (b"kept", 2)


def test_bytes_of_spark_become_a_version(aws: Running, s3: Any, versioned: str) -> None:
    (aws.home / "s3" / versioned / "k").write_bytes(b"spark")
    put(s3, versioned, b"api")
    assert read(s3, versioned, VersionId="null") == b"spark"
    etags = [item["ETag"] for item in s3.list_object_versions(Bucket=versioned)["Versions"]]
    assert etags == [f'"{hashlib.md5(data).hexdigest()}"' for data in (b"api", b"spark")]


def test_a_bucket_with_old_versions_is_not_empty(s3: Any, versioned: str) -> None:
    version = put(s3, versioned, b"1")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    for leftover in (version, marker):
        with pytest.raises(ClientError, match="BucketNotEmpty"):
            s3.delete_bucket(Bucket=versioned)
        s3.delete_object(Bucket=versioned, Key="k", VersionId=leftover)
    s3.delete_bucket(Bucket=versioned)


def test_tags_belong_to_a_version(s3: Any, versioned: str) -> None:
    first, second = put(s3, versioned, b"1"), put(s3, versioned, b"2")
    tags = {"TagSet": [{"Key": "a", "Value": "1"}]}
    s3.put_object_tagging(Bucket=versioned, Key="k", VersionId=first, Tagging=tags)
    tag_sets = [
        s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=version)["TagSet"] for version in (first, second)
    ]
    assert tag_sets == [tags["TagSet"], []]


def test_pages_of_versions(s3: Any, versioned: str) -> None:
    wanted = [(key, put(s3, versioned, b"", key)) for key in ("a", "a", "b/c", "b/c", "b//", "d")]
    for size in (1, 2, 3, 1000):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": size})
        versions = [(item["Key"], item["VersionId"]) for page in pages for item in page.get("Versions", [])]
        assert sorted(versions) == sorted(wanted)
        assert [key for key, _ in versions] == ["a", "a", "b//", "b/c", "b/c", "d"]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(["k", "k/l", "x//"]), st.binary(max_size=3)),
        st.tuples(st.just("delete"), st.sampled_from(["k", "k/l", "x//"])),
        st.tuples(st.just("remove"), st.integers(0, 5)),
    ),
    max_size=12,
)


@few_and_many(8, 25)
def test_any_order_of_changes_keeps_the_whole_history(s3: Any, versioned: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(steps=steps)
    def holds(steps: list[Any]) -> None:
        """Compare with a model: one list of (key, version, bytes or None for a delete marker), oldest first."""
        model: list[tuple[str, str, bytes | None]] = []
        for action, *arguments in steps:
            if action == "put":
                key, data = arguments
                model.append((key, put(s3, versioned, data, key), data))
            elif action == "delete":
                model.append((arguments[0], s3.delete_object(Bucket=versioned, Key=arguments[0])["VersionId"], None))
            elif model:
                key, version, _ = model.pop(arguments[0] % len(model))
                s3.delete_object(Bucket=versioned, Key=key, VersionId=version)
        for key, version, data in model:
            if data is not None:
                assert read(s3, versioned, key, VersionId=version) == data
        newest = {key: data for key, _, data in model}
        alive = {key: data for key, data in newest.items() if data is not None}
        listed = [item["Key"] for item in s3.list_objects_v2(Bucket=versioned).get("Contents", [])]
        assert {key: read(s3, versioned, key) for key in listed} == alive
        assert {(key, version) for key, version, _, _ in history(s3, versioned)} == {entry[:2] for entry in model}
        for key, version, _ in model:
            s3.delete_object(Bucket=versioned, Key=key, VersionId=version)

    holds()
