"""A lake's own record decides whether its data is marked as invented."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estrela.errors import SettingsError
from metabase.files import load
from metabase.invented import NOTE, marked_by_lake


class Lake:
    """A fake of the two calls that read a lake's record."""

    def __init__(self, record: str | None) -> None:
        self.record = record

    def client(self, _: str) -> Any:
        return self

    def get_table(self, **asked: str) -> Any:
        assert asked == {"DatabaseName": "banking_ops", "Name": "files"}
        if self.record is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetTable")
        return {"Table": {"StorageDescriptor": {"Location": "s3://lake/warehouse/banking_ops/files"}}}

    def get_object(self, **asked: str) -> Any:
        assert asked == {"Bucket": "lake", "Key": "ops/world.json"}
        return {"Body": Body(json.dumps({"world": self.record}).encode())}


class Body:
    def __init__(self, held: bytes) -> None:
        self.held = held

    def read(self) -> bytes:
        return self.held


@pytest.mark.parametrize(("record", "note"), [
    ("synthetic", NOTE), ("http://bcb:8088", NOTE), ("production", ""), ("real", ""),
])  # fmt: skip
def test_a_lakes_record_decides_whether_its_data_is_marked(record: str, note: str) -> None:
    assert marked_by_lake(load(), Lake(record)).note == note


def test_a_lake_that_does_not_answer_is_not_taken_for_real() -> None:
    with pytest.raises(SettingsError) as caught:
        marked_by_lake(load(), Lake(None))
    assert str(caught.value) == (
        "--data: the lake does not say whether its data is invented (An error occurred (AccessDeniedException) when"
        " calling the GetTable operation: no); give --data real or --data invented"
    )
