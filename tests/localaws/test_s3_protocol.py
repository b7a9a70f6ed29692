"""Requests of clients other than boto3."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import zlib
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import requests
from botocore.config import Config

from localaws.running import Running

DATA = b"hello, wire"
EMPTY_SIGNATURE = "0" * 64


@pytest.fixture
def url(aws: Running, bucket: str) -> str:
    return f"{aws.endpoint}/{bucket}/k"


def signed_chunks(*blocks: bytes, trailer: str = "") -> bytes:
    """Return the aws-chunked encoding of blocks, as the AWS SDK for Java sends it."""
    body = b"".join(b"%x;chunk-signature=%s\r\n%s\r\n" % (len(b), EMPTY_SIGNATURE.encode(), b) for b in (*blocks, b""))
    return body[:-2] + (f"{trailer}\r\n".encode() if trailer else b"") + b"\r\n"


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def error_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, ElementTree.fromstring(response.content).findtext("Code") or ""


def aws_chunked(length: int, **more: str) -> dict[str, str]:
    return {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": str(length),
        "Content-Encoding": "aws-chunked,x-own",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def test_aws_chunked(url: str) -> None:
    requests.put(url, signed_chunks(b"hello", b", ", b"wire"), headers=aws_chunked(len(DATA))).raise_for_status()
    got = requests.get(url)
    assert (got.content, got.headers["ETag"]) == (DATA, f'"{hashlib.md5(DATA).hexdigest()}"')
    assert requests.head(url).headers["Content-Encoding"] == "x-own"


def test_a_checksum_in_a_trailer(url: str) -> None:
    headers = aws_chunked(len(DATA), x_amz_trailer="x-amz-checksum-crc32")
    good = signed_chunks(DATA, trailer=f"x-amz-checksum-crc32:{crc32(DATA)}")
    requests.put(url, good, headers=headers).raise_for_status()
    got = requests.head(url, headers={"x-amz-checksum-mode": "ENABLED"})
    assert got.headers["x-amz-checksum-crc32"] == crc32(DATA)
    bad = signed_chunks(b"other", trailer=f"x-amz-checksum-crc32:{crc32(DATA)}")
    assert error_of(requests.put(url, bad, headers={**headers, "x-amz-decoded-content-length": "5"})) == (
        400,
        "BadDigest",
    )
    assert requests.get(url).content == DATA


def test_chunks_within_chunks(url: str) -> None:
    """HTTP's chunked encoding around aws-chunked, as the Java SDK 2 sends a stream of unknown length."""
    wire = signed_chunks(b"hello", b", wire")
    pieces = (wire[start : start + 7] for start in range(0, len(wire), 7))
    requests.put(url, pieces, headers=aws_chunked(len(DATA))).raise_for_status()
    assert requests.get(url).content == DATA


def test_plain_chunks(url: str) -> None:
    requests.put(url, iter([b"hello", b", wire"])).raise_for_status()
    assert requests.get(url).content == DATA


@pytest.mark.parametrize("size", [1, 1 << 18, (1 << 18) + 1, 3 << 20])
def test_large_chunks_arrive_whole(url: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    requests.put(url, signed_chunks(data, b"end"), headers=aws_chunked(size + 3)).raise_for_status()
    assert requests.get(url).content == data + b"end"


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [("crc32c", "yZRlqg=="), ("crc64nvme", "jSnVw/bqjr4="), ("sha1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0=")],
)
def test_checksums_that_boto3_cannot_send(url: str, algorithm: str, value: str) -> None:
    """Checksums of ``hello world``: the values that AWS documents and that the CRC catalogue's algorithms give."""
    requests.put(url, b"hello world", headers={f"x-amz-checksum-{algorithm}": value}).raise_for_status()
    head = requests.head(url, headers={"x-amz-checksum-mode": "ENABLED"})
    assert head.headers[f"x-amz-checksum-{algorithm}"] == value
    bad = requests.put(url, b"other", headers={f"x-amz-checksum-{algorithm}": value})
    assert error_of(bad) == (400, "BadDigest")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}, "BadDigest"),
        ({"Content-MD5": "not base64"}, "InvalidDigest"),
        ({"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}, "XAmzContentSHA256Mismatch"),
        ({"x-amz-checksum-crc32": crc32(b"other")}, "BadDigest"),
        ({**aws_chunked(3)}, "IncompleteBody"),
        ({"x-amz-storage-class": "CHEAP"}, "InvalidStorageClass"),
    ],
)
def test_a_body_that_is_not_what_was_announced(url: str, headers: dict[str, str], error: str) -> None:
    requests.put(url, b"before").raise_for_status()
    assert error_of(requests.put(url, signed_chunks(DATA), headers=headers)) == (400, error)
    assert requests.get(url).content == b"before"


def test_a_body_cut_short_leaves_no_object(aws: Running, bucket: str) -> None:
    address = urlsplit(aws.endpoint)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(f"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this".encode())
        client.shutdown(socket.SHUT_WR)
        assert b"IncompleteBody" in client.makefile("rb").read()
    assert requests.get(f"{aws.endpoint}/{bucket}/k").status_code == 404


def test_expect_100_continue(aws: Running, bucket: str) -> None:
    address = urlsplit(aws.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(
            f"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"body")
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_a_connection_stays_usable_after_an_error(aws: Running, bucket: str) -> None:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    for path, status in ((f"/{bucket}/k?partNumber=x&uploadId=y", 400), ("/none/k", 404), (f"/{bucket}/k", 200)):
        connection.request("PUT", path, b"x" * (1 << 20))
        response = connection.getresponse()
        response.read()
        assert response.status == status


def test_a_put_without_a_length(aws: Running, bucket: str) -> None:
    address = urlsplit(aws.endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(f"PUT /{bucket}/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b"MissingContentLength" in client.makefile("rb").read()


def test_a_path_that_is_not_utf8(aws: Running, bucket: str) -> None:
    assert error_of(requests.put(f"{aws.endpoint}/{bucket}/%ff", b"")) == (400, "InvalidURI")


@pytest.mark.parametrize("name", ["..", "%2e%2e", "a%2fb", ".", "...%00"])
def test_a_bucket_name_that_would_leave_the_folder(aws: Running, name: str) -> None:
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", f"/{name}/server.json")
    assert connection.getresponse().status == 404


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<Delete>",
        b"<Other/>",
        b"<Delete></Delete>",
        b'<!DOCTYPE d [<!ENTITY a "aaa">]><Delete><Object><Key>&a;</Key></Object></Delete>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d []><Delete/>'.encode("utf-16"),
    ],
)
def test_malformed_xml(aws: Running, bucket: str, document: bytes) -> None:
    assert error_of(requests.post(f"{aws.endpoint}/{bucket}?delete", document)) == (400, "MalformedXML")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url(aws: Running, bucket: str, version: str) -> None:
    s3 = aws.client("s3", config=Config(signature_version=version))
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b/é"})
    requests.put(put, DATA).raise_for_status()
    assert requests.get(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b/é"})).content == DATA
    expired = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b/é"}, ExpiresIn=-10)
    assert error_of(requests.get(expired)) == (403, "AccessDenied")


def test_virtual_hosted_style(aws: Running, s3: Any, bucket: str) -> None:
    port = urlsplit(aws.endpoint).port
    headers = {"Host": f"{bucket}.localhost:{port}"}
    requests.put(f"{aws.endpoint}/folder/k", DATA, headers=headers).raise_for_status()
    assert s3.get_object(Bucket=bucket, Key="folder/k")["Body"].read() == DATA
    listed = requests.get(f"{aws.endpoint}/?list-type=2", headers=headers)
    assert b"<Key>folder/k</Key>" in listed.content
    assert requests.get(f"{aws.endpoint}/?location", headers=headers).ok


def test_the_error_document(aws: Running, bucket: str) -> None:
    answer = requests.get(f"{aws.endpoint}/{bucket}/a<b")
    error = ElementTree.fromstring(answer.content)
    texts = [error.findtext(name) for name in ("Code", "Message", "Key", "RequestId", "HostId")]
    ids = [answer.headers["x-amz-request-id"], answer.headers["x-amz-id-2"]]
    assert texts == ["NoSuchKey", "The specified key does not exist.", "a<b", *ids]
    assert answer.headers["Content-Type"] == "application/xml"
