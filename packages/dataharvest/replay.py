"""Take up batches again that were exhausted and written to S3 as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dataharvest.dispatcher import Dispatcher
from estrela.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def replay(s3: S3Client, dispatcher: Dispatcher, address: str) -> Iterator[str]:
    """Dispatch every record of the batches below ``address`` (``s3://bucket/prefix``); yield a line for each batch.

    A batch that is replayed twice does no harm: a stage that was run finds that it was.
    Raises SettingsError for an address or object that is no such batch, or botocore's errors.
    """
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not address.startswith("s3://") or not bucket:
        raise SettingsError("replay", f"{address!r} is no address such as s3://bucket/aws/lambda/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            content = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            asked = [stage for record in _records(found["Key"], content) for stage in dispatcher.dispatch(record)]
            yield f"s3://{bucket}/{found['Key']}: asked {', '.join(asked) or 'no stage'}"


def _records(key: str, content: bytes) -> list[dict[str, Any]]:
    """Return the records of a failed invocation: its field ``payload`` is the event, as an object or as text."""
    try:
        payload = json.loads(content)["payload"]
        records = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
    except (ValueError, KeyError, TypeError):
        raise SettingsError("replay", f"{key} holds no batch of a stream that Lambda gave up") from None
    return list(records)
