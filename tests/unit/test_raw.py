"""The raw layer over S3's own protocol, in process."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from estrela.etl.raw.layer import Arrival, RawFile, RawLayer, current

DAY = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
BANK = {"cnpj": "00000000", "person_type": "J"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def raw(s3: Any) -> RawLayer:
    return fresh_layer(s3)


def fresh_layer(s3: Any) -> RawLayer:
    layer = RawLayer(s3, f"lake-{uuid.uuid4().hex}")
    s3.create_bucket(Bucket=layer.bucket)
    return layer


def arrival(body: bytes, request: dict[str, str] = BANK, *, page: int = 0, day: int = 0) -> Arrival:
    return Arrival(request, page, "https://olinda.test/f", body, DAY + timedelta(days=day))


def keys(raw: RawLayer) -> list[str]:
    return [entry["Key"] for entry in raw.s3.list_objects_v2(Bucket=raw.bucket).get("Contents", [])]


def test_bytes_are_kept_as_received_and_named_by_content(raw: RawLayer) -> None:
    body = "Índice;1º\r\n".encode("cp1252")
    raw.write("complaints", [arrival(body, {"year": "2021", "quarter": "4"})])
    (file,) = raw.current("complaints")
    digest = hashlib.sha256(body).hexdigest()
    assert file == RawFile(
        source="complaints",
        request={"quarter": "4", "year": "2021"},
        page=0,
        url="https://olinda.test/f",
        fetched_at=DAY,
        size=len(body),
        sha256=digest,
        key=f"raw/complaints/objects/{digest}",
        version=1,
    )
    assert raw.read(file) == body
    assert raw.uri(file) == f"s3://{raw.bucket}/raw/complaints/objects/{digest}"


def test_an_unchanged_answer_writes_nothing_and_keeps_its_date(raw: RawLayer) -> None:
    raw.write("fees", [arrival(b"[1]")])
    before = keys(raw)
    assert raw.write("fees", [arrival(b"[1]", day=1)]) == []
    assert keys(raw) == before
    assert [file.fetched_at for file in raw.current("fees")] == [DAY]


def test_the_same_content_of_two_requests_is_one_object(raw: RawLayer) -> None:
    raw.write("fees", [arrival(b"[]"), arrival(b"[]", {"cnpj": "1", "person_type": "F"})])
    assert sum("objects" in key for key in keys(raw)) == 1
    assert len(raw.current("fees")) == 2


def test_an_answer_that_comes_back_is_current_again_without_a_new_object(raw: RawLayer) -> None:
    for day, body in enumerate([b"a", b"b", b"a"]):
        raw.write("fees", [arrival(body, day=day)])
    assert [raw.read(file) for file in raw.files("fees")] == [b"a", b"b", b"a"]
    assert [(raw.read(file), file.fetched_at) for file in raw.current("fees")] == [(b"a", DAY + timedelta(days=2))]
    assert sum("objects" in key for key in keys(raw)) == 2


def test_a_page_that_is_gone_is_no_longer_current(raw: RawLayer) -> None:
    raw.write("fees", [arrival(b"1", page=0), arrival(b"2", page=1)])
    raw.write("fees", [arrival(b"1", page=0, day=1)])
    assert [(file.page, raw.read(file)) for file in raw.current("fees")] == [(0, b"1")]


def test_nothing_received_is_nothing_known(raw: RawLayer) -> None:
    assert raw.write("fees", []) == []
    assert (raw.files("fees"), keys(raw)) == ([], [])


class Rival:
    """An S3 client beside which another writer commits just before our first log version."""

    def __init__(self, s3: Any, rival: RawLayer) -> None:
        self._s3, self._rival = s3, rival

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **arguments: Any) -> Any:
        if "/log/" in arguments["Key"] and not self._rival.files("fees"):
            self._rival.write("fees", [arrival(b"rival", {"cnpj": "9"})])
        return self._s3.put_object(**arguments)


def test_two_writers_at_once_lose_nothing(raw: RawLayer) -> None:
    RawLayer(Rival(raw.s3, raw), raw.bucket).write("fees", [arrival(b"mine")])  # type: ignore[arg-type]
    assert sorted(raw.read(file) for file in raw.current("fees")) == [b"mine", b"rival"]
    assert [file.version for file in raw.files("fees")] == [1, 2]


ANSWERS = st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=2)), max_size=8)


@given(ANSWERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_current_is_the_last_answer_to_each_request_however_the_captures_were_cut(
    s3: Any, answers: list[tuple[str, bytes]]
) -> None:
    raw = fresh_layer(s3)
    for day, (cnpj, body) in enumerate(answers):
        raw.write("fees", [arrival(body, {"cnpj": cnpj}, day=day)])
    assert {file.request["cnpj"]: raw.read(file) for file in raw.current("fees")} == dict(answers)
    assert current(raw.files("fees")) == raw.current("fees")


class Dying:
    """An S3 client that dies when the log is about to be written."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **arguments: Any) -> Any:
        if "/log/" in arguments["Key"]:
            raise KeyboardInterrupt
        return self._s3.put_object(**arguments)


def test_a_writer_that_dies_leaves_the_log_as_it_was_and_the_next_ends_the_same(raw: RawLayer) -> None:
    raw.write("fees", [arrival(b"old")])
    with pytest.raises(KeyboardInterrupt):
        RawLayer(Dying(raw.s3), raw.bucket).write("fees", [arrival(b"new")])  # type: ignore[arg-type]
    assert [raw.read(file) for file in raw.files("fees")] == [b"old"]
    raw.write("fees", [arrival(b"new")])
    assert [raw.read(file) for file in raw.files("fees")] == [b"old", b"new"]
    assert sum("objects" in key for key in keys(raw)) == 2
