"""Multipart uploads through boto3, its transfer manager and pyarrow."""

from __future__ import annotations

import hashlib
import io
import os
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from pyarrow import fs

from localaws.running import Running

PART = 5 << 20
FIRST, LAST = b"1" * PART, b"2" * 10


def begin(s3: Any, bucket: str, **settings: Any) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **settings)
    return {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}


def send(s3: Any, upload: dict[str, Any], *bodies: bytes) -> dict[str, Any]:
    answers = [s3.upload_part(**upload, PartNumber=number, Body=body) for number, body in enumerate(bodies, 1)]
    return {"Parts": [{"PartNumber": number, "ETag": answer["ETag"]} for number, answer in enumerate(answers, 1)]}


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_parts_become_one_object(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, Metadata={"m": "1"}, ContentType="text/x", Tagging="t=1")
    parts = send(s3, upload, FIRST, LAST)
    answer = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    digests = hashlib.md5(FIRST).digest() + hashlib.md5(LAST).digest()
    assert answer["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (FIRST + LAST, {"m": "1"}, "text/x")
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (LAST, 2)
    assert code(s3.head_object, Bucket=bucket, Key="k", PartNumber=3) == "416"
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads") is None


def test_a_part_can_be_sent_again_and_left_out(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    send(s3, upload, b"old", b"left out", b"unused")
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"new")["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_what_cannot_be_completed(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    first, second = send(s3, upload, b"small", LAST)["Parts"]
    complete = s3.complete_multipart_upload
    assert code(complete, **upload, MultipartUpload={"Parts": [first, second]}) == "EntityTooSmall"
    assert code(complete, **upload, MultipartUpload={"Parts": [second, first]}) == "InvalidPartOrder"
    assert code(complete, **upload, MultipartUpload={"Parts": [{**first, "ETag": "x"}]}) == "InvalidPart"
    assert code(complete, **upload, MultipartUpload={"Parts": [{**first, "PartNumber": 9}]}) == "InvalidPart"
    assert code(complete, **upload, MultipartUpload={"Parts": []}) == "MalformedXML"
    assert code(complete, **{**upload, "UploadId": "none"}, MultipartUpload={"Parts": [first]}) == "NoSuchUpload"
    assert code(s3.upload_part, **upload, PartNumber=10_001, Body=b"") == "InvalidArgument"
    complete(**upload, MultipartUpload={"Parts": [first]})


def test_completion_under_a_condition(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"there")
    upload = begin(s3, bucket)
    parts = send(s3, upload, b"new")
    failed = code(s3.complete_multipart_upload, **upload, MultipartUpload=parts, IfNoneMatch="*")
    assert failed == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"there"
    s3.complete_multipart_upload(**upload, MultipartUpload=parts, IfMatch=hashlib.md5(b"there").hexdigest())
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_an_aborted_upload_leaves_nothing(aws: Running, s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    send(s3, upload, b"1")
    s3.abort_multipart_upload(**upload)
    assert code(s3.list_parts, **upload) == "NoSuchUpload"
    assert code(s3.upload_part, **upload, PartNumber=1, Body=b"") == "NoSuchUpload"
    assert not (aws.home / "meta" / "uploads" / upload["UploadId"]).exists()


def test_parts_and_uploads_are_listed_in_pages(s3: Any, bucket: str) -> None:
    ids = [begin(s3, bucket)["UploadId"] for _ in range(3)]
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [item["UploadId"] for page in pages for item in page["Uploads"]] == ids
    upload = {"Bucket": bucket, "Key": "k", "UploadId": ids[0]}
    send(s3, upload, b"1", b"22", b"333")
    parts = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2})
    assert [(item["PartNumber"], item["Size"]) for page in parts for item in page["Parts"]] == [(1, 1), (2, 2), (3, 3)]


def test_a_part_copied_from_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = begin(s3, bucket)
    copy = {**upload, "PartNumber": 1, "CopySource": {"Bucket": bucket, "Key": "source"}}
    assert code(s3.upload_part_copy, **copy, CopySourceRange="bytes=0-10") == "InvalidArgument"
    assert code(s3.upload_part_copy, **copy, CopySourceRange="bytes=10-11") == "InvalidRequest"
    etag = s3.upload_part_copy(**copy, CopySourceRange="bytes=2-4")["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"234"


@pytest.mark.parametrize(("kind", "suffix"), [("COMPOSITE", "-2"), ("FULL_OBJECT", "")])
def test_a_checksum_over_parts(s3: Any, bucket: str, kind: str, suffix: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    bodies = (FIRST, LAST)
    sent = [s3.upload_part(**upload, PartNumber=number, Body=body) for number, body in enumerate(bodies, 1)]
    names = ("ETag", "ChecksumCRC32")
    parts = [{"PartNumber": number, **{name: part[name] for name in names}} for number, part in enumerate(sent, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    whole = s3.put_object(Bucket=bucket, Key="whole", Body=FIRST + LAST)["ChecksumCRC32"]
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == kind
    assert head["ChecksumCRC32"].endswith(suffix)
    assert (head["ChecksumCRC32"] == whole) == (kind == "FULL_OBJECT")


def test_the_transfer_manager(s3: Any, bucket: str) -> None:
    data = os.urandom(12 << 20)
    settings = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    s3.upload_fileobj(io.BytesIO(data), bucket, "k", Config=settings)
    target = io.BytesIO()
    s3.download_fileobj(bucket, "k", target, Config=settings)
    assert target.getvalue() == data


def test_pyarrow_reads_and_writes(aws: Running, s3: Any, bucket: str) -> None:
    host = aws.endpoint.removeprefix("http://")
    files = fs.S3FileSystem(access_key="a", secret_key="b", endpoint_override=host, scheme="http", region=aws.region)
    data = os.urandom(11 << 20)
    with files.open_output_stream(f"{bucket}/folder/k") as stream:
        stream.write(data)
    assert s3.get_object(Bucket=bucket, Key="folder/k")["Body"].read() == data
    with files.open_input_file(f"{bucket}/folder/k") as file:
        assert file.read_at(10, 5 << 20) == data[5 << 20 : (5 << 20) + 10]
    files.copy_file(f"{bucket}/folder/k", f"{bucket}/folder/copy")
    names = [info.base_name for info in files.get_file_info(fs.FileSelector(f"{bucket}/folder"))]
    assert sorted(names) == ["copy", "k"]
    files.delete_dir(f"{bucket}/folder")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
