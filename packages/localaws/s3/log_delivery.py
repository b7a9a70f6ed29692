"""Check that a bucket's policy lets S3 write access logs into the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket

_ACTION = "s3:PutObject"


def takes_access_logs(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Return whether a statement of the bucket's policy allows the logging service to put objects below the prefix.

    Conditions are not evaluated. Replaces moto's check, which raises for a statement whose principal is ``*``.
    """
    if not target_bucket.policy:
        return False
    target = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
    return any(_allows(statement, target) for statement in _each(json.loads(target_bucket.policy)["Statement"]))


def _allows(statement: Mapping[str, Any], target: str) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service") if isinstance(principal, dict) else None
    return (
        statement.get("Effect") == "Allow"
        and LOGGING_SERVICE_PRINCIPAL in _each(services)
        and any(fnmatchcase(_ACTION, pattern) for pattern in _each(statement.get("Action")))
        and any(fnmatchcase(f"{target}x", pattern) for pattern in _each(statement.get("Resource")))
    )


def _each(value: Any) -> Iterator[Any]:
    """The items of a policy element, which may be one item or a list."""
    yield from value if isinstance(value, list) else [] if value is None else [value]
