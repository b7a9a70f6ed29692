"""Location constraints of new buckets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import botocore.session

from localaws.s3.bucket_settings import named_configurations, settings_of
from localaws.s3.documents import document
from localaws.s3.errors import S3Error
from localaws.s3.request import Request, Response

US_EAST_1 = "us-east-1"
# S3's first location in Europe, today the region eu-west-1.
EU = "EU"
REGION_OF_EU = "eu-west-1"
_KIND = "location"
_SCOPE = re.compile(r"Credential=[^/,]+/\d+/([^/,]+)/")


def check_location(constraint: str, headers: Mapping[str, str]) -> None:
    """Raise S3Error InvalidLocationConstraint for a location that S3 lacks.

    In other regions than us-east-1 S3 compares the location with its own region, whether it exists or not.
    """
    scope = _SCOPE.search(headers.get("authorization", ""))
    is_in_us_east_1 = not scope or scope[1] == US_EAST_1
    is_known = constraint == EU or (constraint in regions() and constraint != US_EAST_1)
    if is_in_us_east_1 and constraint and not is_known:
        raise S3Error("InvalidLocationConstraint", elements={"LocationConstraint": constraint[:100]})


def keep_location(bucket: str, constraint: str) -> None:
    """Remember the name ``EU``, which S3 returns for buckets that were created with it."""
    if constraint == EU:
        named_configurations(bucket, _KIND)[""] = EU.encode()


def get_bucket_location(request: Request, body: bytes) -> Response:
    """GetBucketLocation; empty for us-east-1."""
    region = settings_of(request.bucket).region_name
    name = named_configurations(request.bucket, _KIND).get("", region.encode()).decode()
    return Response(200, {}, document("LocationConstraint", [], text="" if name == US_EAST_1 else name))


@cache
def regions() -> frozenset[str]:
    """Return the names of S3's regions."""
    return frozenset(botocore.session.get_session().get_available_regions("s3"))
