"""CORS: the bucket's rules decide which answers a web page of another origin may read.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localaws.s3.bucket_settings import settings_of
from localaws.s3.errors import NoSuchBucketError, S3Error
from localaws.s3.request import Request, Response

_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


def preflight(request: Request) -> Response:
    """Answer a browser's preflight request; raises S3Error BadRequest or AccessForbidden."""
    origin, method = request.headers.get("origin", ""), request.headers.get("access-control-request-method", "")
    if not origin:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.")
    elements = {"Method": method or "OPTIONS", "ResourceType": "OBJECT" if request.key else "BUCKET"}
    try:
        rules = settings_of(request.bucket).cors
    except NoSuchBucketError as error:
        raise S3Error("AccessForbidden", "CORSResponse: Bucket not found", elements) from error
    if not rules:
        raise S3Error("AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.", elements)
    asked = [name.strip() for name in request.headers.get("access-control-request-headers", "").split(",")]
    asked = [name for name in asked if name]
    rule = _matching(rules, origin, method, asked)
    if rule is None:
        raise S3Error("AccessForbidden", _NOT_ALLOWED, elements)
    allowed = {"Access-Control-Allow-Headers": ", ".join(name.lower() for name in asked)} if asked else {}
    return Response(200, {**_headers(rule, origin), **allowed})


def cors_headers(request: Request) -> dict[str, str]:
    """Return the headers that let a page of the request's origin read the answer; empty if no rule allows it."""
    origin = request.headers.get("origin", "")
    if not origin or not request.bucket:
        return {}
    try:
        rules = settings_of(request.bucket).cors
    except NoSuchBucketError:
        return {}
    rule = _matching(rules, origin, request.method, [])
    return _headers(rule, origin) if rule else {}


def _matching(rules: Sequence[Any], origin: str, method: str, headers: Sequence[str]) -> Any | None:
    """Return the first rule that allows the origin, the method and the headers."""
    for rule in rules:
        allows_origin = any(_fits(origin, pattern) for pattern in _texts(rule.allowed_origins))
        patterns = [pattern.lower() for pattern in _texts(rule.allowed_headers)]
        allows_headers = all(any(_fits(name.lower(), pattern) for pattern in patterns) for name in headers)
        if allows_origin and allows_headers and method in _texts(rule.allowed_methods):
            return rule
    return None


def _fits(text: str, pattern: str) -> bool:
    """Return whether a text matches a pattern with at most one ``*``."""
    start, star, end = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(start) + len(end) and text.startswith(start) and text.endswith(end)


def _headers(rule: Any, origin: str) -> dict[str, str]:
    is_open = "*" in _texts(rule.allowed_origins)
    headers = {
        "Access-Control-Allow-Origin": "*" if is_open else origin,
        "Access-Control-Allow-Methods": ", ".join(_texts(rule.allowed_methods)),
        "Vary": _VARY,
    }
    if not is_open:
        headers["Access-Control-Allow-Credentials"] = "true"
    if exposed := _texts(rule.exposed_headers):
        headers["Access-Control-Expose-Headers"] = ", ".join(exposed)
    if rule.max_age_seconds:
        headers["Access-Control-Max-Age"] = str(rule.max_age_seconds)
    return headers


def _texts(value: Any) -> list[str]:
    """Return as a list what moto stores as one text or as a list of texts."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [item or "" for item in value]
