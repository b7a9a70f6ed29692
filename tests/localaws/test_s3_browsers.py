"""Requests of browsers: CORS, and objects that HTML forms post.

Source: recordings of AWS in localstack/localstack, tests/aws/services/s3/test_s3_cors.snapshot.json and
test_s3.snapshot.json (TestS3PresignedPost).
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from localaws.running import Running

ORIGIN = "https://app.example"


@pytest.fixture
def page(aws: Running, s3: Any, bucket: str) -> str:
    """URL of an object that pages of some origins may read, and all others may only request with HEAD."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"text")
    rules = [
        {
            "AllowedMethods": ["GET", "PUT"],
            "AllowedOrigins": [ORIGIN, "http://*.example"],
            "AllowedHeaders": ["x-amz-*"],
            "ExposeHeaders": ["ETag", "x-amz-version-id"],
            "MaxAgeSeconds": 3000,
        },
        {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["*"]},
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    return f"{aws.endpoint}/{bucket}/k"


def cors(answer: requests.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith(("Access-Control", "Vary"))}


def test_an_answer_to_a_page_says_who_may_read_it(page: str) -> None:
    assert cors(requests.get(page, headers={"Origin": ORIGIN})) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Methods": "GET, PUT",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "ETag, x-amz-version-id",
        "Access-Control-Max-Age": "3000",
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    assert cors(requests.get(page, headers={"Origin": "https://other.test"})) == {}
    assert cors(requests.get(page)) == {}
    assert cors(requests.get(f"{page}-missing", headers={"Origin": ORIGIN}))["Access-Control-Allow-Origin"] == ORIGIN
    opened = cors(requests.head(page, headers={"Origin": "https://other.test"}))
    assert opened["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in opened


def preflight(url: str, **headers: str) -> tuple[int, str]:
    names = {"origin": "Origin", "method": "Access-Control-Request-Method", "ask": "Access-Control-Request-Headers"}
    answer = requests.options(url, headers={names[name]: value for name, value in headers.items()})
    if answer.status_code == 200:
        return 200, answer.headers.get("Access-Control-Allow-Headers", "")
    return answer.status_code, str(ElementTree.fromstring(answer.content).findtext("Message"))


def test_a_preflight(aws: Running, page: str) -> None:
    assert preflight(page, origin="http://a.example", method="PUT", ask="X-Amz-Date, x-amz-acl") == (
        200,
        "x-amz-date, x-amz-acl",
    )
    not_allowed = (403, "CORSResponse: This CORS request is not allowed.")
    for refused in (
        {"origin": ORIGIN, "method": "DELETE"},
        {"origin": "https://other.test", "method": "GET"},
        {"origin": ORIGIN, "method": "GET", "ask": "content-type"},
    ):
        status, message = preflight(page, **refused)
        assert (status, message[:47]) == not_allowed
    assert preflight(page) == (400, "Insufficient information. Origin request header needed.")
    assert preflight(f"{aws.endpoint}/no-such-bucket/k", origin=ORIGIN, method="GET") == (
        403,
        "CORSResponse: Bucket not found",
    )


def test_a_bucket_without_rules_answers_no_page(aws: Running, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert cors(requests.get(f"{aws.endpoint}/{bucket}/k", headers={"Origin": ORIGIN})) == {}
    assert preflight(f"{aws.endpoint}/{bucket}/k", origin=ORIGIN, method="GET") == (
        403,
        "CORSResponse: CORS is not enabled for this bucket.",
    )


def post(s3: Any, bucket: str, data: bytes, conditions: list[Any] | None = None, **fields: str) -> requests.Response:
    allowed = [*(conditions or []), *({name: value} for name, value in fields.items())]
    form = s3.generate_presigned_post(bucket, "up/${filename}", Fields=dict(fields), Conditions=allowed)
    return requests.post(form["url"], data=form["fields"], files={"file": ("a.txt", data)}, allow_redirects=False)


def test_a_form_posts_an_object(s3: Any, bucket: str) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>t</Key><Value>1</Value></Tag></TagSet></Tagging>"
    fields = {"Content-Type": "text/x", "x-amz-meta-who": "ana", "tagging": tagging}
    data = bytes(range(256)) * 5000
    answer = post(s3, bucket, data, **fields)
    assert (answer.status_code, answer.content) == (204, b"")
    s3_object = s3.get_object(Bucket=bucket, Key="up/a.txt", ChecksumMode="ENABLED")
    assert s3_object["Body"].read() == data
    assert (s3_object["ContentType"], s3_object["Metadata"], s3_object["TagCount"]) == ("text/x", {"who": "ana"}, 1)
    assert (s3_object["ChecksumType"], "ChecksumCRC64NVME" in s3_object) == ("FULL_OBJECT", True)
    assert s3_object["ETag"] == answer.headers["ETag"]


def test_the_answer_that_a_form_asks_for(s3: Any, bucket: str) -> None:
    created = post(s3, bucket, b"1", success_action_status="201")
    document = ElementTree.fromstring(created.content)
    assert created.status_code == 201
    assert [document.findtext(name) for name in ("Bucket", "Key")] == [bucket, "up/a.txt"]
    moved = post(s3, bucket, b"1", success_action_redirect="http://app.example/done?x=1")
    assert moved.status_code == 303
    assert moved.headers["Location"].startswith(f"http://app.example/done?x=1&bucket={bucket}&key=up/a.txt&etag=")


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    document = ElementTree.fromstring(answer.content)
    return answer.status_code, str(document.findtext("Code")), str(document.findtext("Message"))


def test_a_form_is_held_to_its_policy(aws: Running, s3: Any, bucket: str) -> None:
    sizes = [["content-length-range", 2, 5]]
    assert refusal(post(s3, bucket, b"123456", sizes))[:2] == (400, "EntityTooLarge")
    assert refusal(post(s3, bucket, b"1", sizes))[:2] == (400, "EntityTooSmall")
    failed = refusal(post(s3, bucket, b"1", [["starts-with", "$x-amz-meta-who", "b"]]))
    assert failed == (
        403,
        "AccessDenied",
        'Invalid according to Policy: Policy Condition failed: ["starts-with", "$x-amz-meta-who", "b"]',
    )
    form = s3.generate_presigned_post(bucket, "late", ExpiresIn=-1)
    late = requests.post(form["url"], data=form["fields"], files={"file": b"1"})
    assert refusal(late) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    bare = requests.post(f"{aws.endpoint}/{bucket}", data=b"key=k", headers={"Content-Type": "text/plain"})
    assert refusal(bare)[:2] == (412, "PreconditionFailed")
    unfinished = requests.post(
        f"{aws.endpoint}/{bucket}", data=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert unfinished.status_code == 400
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
