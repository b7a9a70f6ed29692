"""Check of the account that a request names as the bucket's owner."""

from __future__ import annotations

import re

from localaws.s3.bucket_settings import settings_of
from localaws.s3.errors import S3Error
from localaws.s3.object_copy import copy_source
from localaws.s3.request import Request

_EXPECTED = "x-amz-expected-bucket-owner"
_EXPECTED_OF_SOURCE = "x-amz-source-expected-bucket-owner"


def check_expected_owner(request: Request) -> None:
    """Raise S3Error AccessDenied if a bucket belongs to another account than the request expects."""
    if request.bucket and _EXPECTED in request.headers:
        _check(request.bucket, request.headers[_EXPECTED])
    if _EXPECTED_OF_SOURCE in request.headers and "x-amz-copy-source" in request.headers:
        _check(copy_source(request)[0], request.headers[_EXPECTED_OF_SOURCE])


def _check(bucket: str, expected: str) -> None:
    if not re.fullmatch(r"\d{12}", expected):
        text = f"The value of the expected bucket owner parameter must be an AWS Account ID... [{expected[:50]}]"
        raise S3Error("InvalidBucketOwnerAWSAccountID", text)
    if settings_of(bucket).account_id != expected:
        raise S3Error("AccessDenied")
