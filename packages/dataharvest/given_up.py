"""Exhausted batches of streams, as Lambda's on-failure destination writes them to S3."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from estrela.errors import SettingsError

Record = dict[str, Any]
"""A stream record in the form in which a function receives it."""


def place_of(command: str, address: str) -> tuple[str, str]:
    """Return bucket and prefix of ``s3://bucket/prefix``. Raises SettingsError, which names the ``command``."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not address.startswith("s3://") or not bucket:
        raise SettingsError(command, f"{address!r} is not an address such as s3://bucket/aws/lambda/")
    return bucket, prefix


def records_of(command: str, key: str, content: bytes) -> list[Record]:
    """Return the records of a failed invocation, whose field ``payload`` is the event, as an object or as text.

    Raises SettingsError, which names the ``command``, if the content is not such a batch.
    """
    try:
        payload = json.loads(content)["payload"]
        records = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
    except (ValueError, KeyError, TypeError):
        raise SettingsError(command, f"{key} is not a batch of a stream that Lambda gave up on") from None
    return list(records)


def with_records(content: bytes, records: list[Record]) -> bytes:
    """Return the batch ``content`` with its records replaced."""
    batch = json.loads(content)
    payload = batch["payload"]
    event = {**(json.loads(payload) if isinstance(payload, str) else payload), "Records": records}
    return json.dumps({**batch, "payload": json.dumps(event) if isinstance(payload, str) else event}).encode()


def text_of(record: Mapping[str, Any]) -> str:
    """Return the text of a record; Kinesis data is decoded."""
    data = record.get("kinesis", {}).get("data")
    return json.dumps(record) if data is None else base64.b64decode(data).decode("utf-8", "replace")
