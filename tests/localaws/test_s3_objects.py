"""Objects through boto3: read as they were written, in whole, in part, or under a condition."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

TEXT = b"0123456789"
ETAG = hashlib.md5(TEXT).hexdigest()


@pytest.fixture
def text(s3: Any, bucket: str) -> str:
    """A bucket with the object ``text``."""
    s3.put_object(Bucket=bucket, Key="text", Body=TEXT)
    return bucket


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_metadata_comes_back_as_it_was_sent(s3: Any, bucket: str) -> None:
    metadata = {"a_b": "1", "a-b": "2"}
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", ContentType="text/csv", CacheControl="no-cache", ContentEncoding="gzip",
        ContentDisposition="attachment", ContentLanguage="pt-BR", Metadata=metadata, StorageClass="STANDARD_IA",
    )  # fmt: skip
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == metadata
    headers = [head[name] for name in ("ContentType", "CacheControl", "ContentEncoding", "ContentDisposition")]
    assert headers == ["text/csv", "no-cache", "gzip", "attachment"]
    assert (head["ContentLanguage"], head["StorageClass"], head["ContentLength"]) == ("pt-BR", "STANDARD_IA", 1)


def test_the_etag_is_the_md5(s3: Any, text: str) -> None:
    assert s3.head_object(Bucket=text, Key="text")["ETag"] == f'"{ETAG}"'


@pytest.mark.parametrize(
    ("wanted", "bytes_", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", TEXT, "bytes 0-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_range(s3: Any, text: str, wanted: str, bytes_: bytes, content_range: str) -> None:
    got = s3.get_object(Bucket=text, Key="text", Range=wanted)
    assert got["Body"].read() == bytes_
    assert got["ContentRange"] == content_range
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


@pytest.mark.parametrize("ignored", ["bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-"])
def test_a_range_that_s3_ignores_gives_everything(s3: Any, text: str, ignored: str) -> None:
    got = s3.get_object(Bucket=text, Key="text", Range=ignored)
    assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (TEXT, 200)


@pytest.mark.parametrize("beyond", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_beyond_the_end(s3: Any, text: str, beyond: str) -> None:
    assert code(s3.get_object, Bucket=text, Key="text", Range=beyond) == "InvalidRange"


def test_an_empty_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""
    assert code(s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-") == "InvalidRange"


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"IfMatch": ETAG}, "200"),
        ({"IfMatch": "other"}, "412"),
        ({"IfNoneMatch": ETAG}, "304"),
        ({"IfNoneMatch": "other"}, "200"),
        ({"IfModifiedSince": timedelta(days=-1)}, "200"),
        ({"IfModifiedSince": timedelta(0)}, "304"),
        ({"IfModifiedSince": timedelta(days=1)}, "200"),
        ({"IfUnmodifiedSince": timedelta(days=-1)}, "412"),
        ({"IfUnmodifiedSince": timedelta(days=1)}, "200"),
        ({"IfMatch": ETAG, "IfUnmodifiedSince": timedelta(days=-1)}, "200"),
        ({"IfNoneMatch": "other", "IfModifiedSince": timedelta(days=1)}, "200"),
    ],
)
def test_a_conditional_read(s3: Any, text: str, condition: dict[str, Any], answer: str) -> None:
    now = datetime.now(UTC)
    values = {name: now + value if isinstance(value, timedelta) else value for name, value in condition.items()}
    if answer == "200":
        assert s3.get_object(Bucket=text, Key="text", **values)["Body"].read() == TEXT
        return
    assert code(s3.head_object, Bucket=text, Key="text", **values) == answer


def test_response_headers_can_be_overridden(s3: Any, text: str) -> None:
    got = s3.get_object(Bucket=text, Key="text", ResponseContentType="x/y", ResponseContentDisposition="inline")
    assert (got["ContentType"], got["ContentDisposition"]) == ("x/y", "inline")


def test_what_is_not_there(s3: Any, bucket: str) -> None:
    assert code(s3.get_object, Bucket=bucket, Key="none") == "NoSuchKey"
    assert code(s3.head_object, Bucket=bucket, Key="none") == "404"
    assert code(s3.get_object, Bucket="no-such-bucket", Key="none") == "NoSuchBucket"
    assert code(s3.put_object, Bucket="no-such-bucket", Key="none", Body=b"") == "NoSuchBucket"


def test_a_copy_keeps_or_replaces(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=TEXT, Metadata={"m": "1"}, Tagging="t=1", ContentType="text/x")
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    s3.copy_object(
        Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"m": "2"},
        TaggingDirective="REPLACE", Tagging="t=2",
    )  # fmt: skip
    kept, new = (s3.head_object(Bucket=bucket, Key=key) for key in ("kept", "new"))
    assert (kept["Metadata"], kept["ContentType"], kept["ETag"]) == ({"m": "1"}, "text/x", f'"{ETAG}"')
    assert (new["Metadata"], new["ContentType"]) == ({"m": "2"}, "binary/octet-stream")
    tags = [s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"][0]["Value"] for key in ("kept", "new")]
    assert tags == ["1", "2"]


def test_copy_conditions_and_refusals(s3: Any, text: str) -> None:
    copy = {"Bucket": text, "Key": "copy", "CopySource": {"Bucket": text, "Key": "text"}}
    assert code(s3.copy_object, **copy, CopySourceIfMatch="other") == "PreconditionFailed"
    assert code(s3.copy_object, **copy, CopySourceIfNoneMatch=ETAG) == "PreconditionFailed"
    assert code(s3.copy_object, **{**copy, "Key": "text"}) == "InvalidRequest"
    assert code(s3.copy_object, **{**copy, "CopySource": {"Bucket": text, "Key": "none"}}) == "NoSuchKey"
    s3.copy_object(**copy, CopySourceIfMatch=ETAG)


def test_writes_under_a_condition(s3: Any, text: str) -> None:
    put = {"Bucket": text, "Key": "text", "Body": b"new"}
    assert code(s3.put_object, **put, IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.put_object, **put, IfMatch='"other"') == "PreconditionFailed"
    assert code(s3.put_object, **{**put, "Key": "none"}, IfMatch=ETAG) == "NoSuchKey"
    assert s3.get_object(Bucket=text, Key="text")["Body"].read() == TEXT
    s3.put_object(**put, IfMatch=ETAG)
    assert code(s3.delete_object, Bucket=text, Key="text", IfMatch=ETAG) == "PreconditionFailed"
    assert s3.get_object(Bucket=text, Key="text")["Body"].read() == b"new"


def test_tags(s3: Any, text: str) -> None:
    s3.put_object_tagging(Bucket=text, Key="text", Tagging={"TagSet": [{"Key": "a b", "Value": "x+y"}]})
    assert s3.get_object_tagging(Bucket=text, Key="text")["TagSet"] == [{"Key": "a b", "Value": "x+y"}]
    s3.delete_object_tagging(Bucket=text, Key="text")
    assert s3.get_object_tagging(Bucket=text, Key="text")["TagSet"] == []
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert code(s3.put_object_tagging, Bucket=text, Key="text", Tagging=many) == "BadRequest"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_checksum_is_stored_and_returned(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=TEXT, ChecksumAlgorithm=algorithm)
    name = f"Checksum{algorithm}"
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[name] == put[name]
    assert got["Body"].read() == TEXT
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])
    assert (attributes["Checksum"][name], attributes["ObjectSize"]) == (put[name], 10)


def test_acls_are_refused_as_by_a_bucket_without_acls(s3: Any, text: str) -> None:
    assert code(s3.put_object_acl, Bucket=text, Key="text", ACL="public-read") == "AccessControlListNotSupported"
    assert s3.get_object_acl(Bucket=text, Key="text")["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_delete_objects_answers_key_by_key(s3: Any, text: str) -> None:
    wanted = {"Objects": [{"Key": "text"}, {"Key": "none"}, {"Key": "k" * 1025}]}
    answer = s3.delete_objects(Bucket=text, Delete=wanted)
    assert [item["Key"] for item in answer["Deleted"]] == ["text", "none"]
    assert [item["Code"] for item in answer["Errors"]] == ["KeyTooLongError"]
    assert s3.list_objects_v2(Bucket=text)["KeyCount"] == 0


def test_metadata_over_2_kb_is_refused(s3: Any, bucket: str) -> None:
    assert code(s3.put_object, Bucket=bucket, Key="k", Metadata={"m": "x" * 2100}) == "MetadataTooLarge"


def test_what_is_not_supported_is_refused(s3: Any, text: str) -> None:
    assert code(s3.get_object_torrent, Bucket=text, Key="text") == "NotImplemented"
    customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    assert code(s3.put_object, Bucket=text, Key="own", **customer) == "NotImplemented"
    assert code(s3.get_object, Bucket=text, Key="text", **customer) == "NotImplemented"
