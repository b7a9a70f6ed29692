"""The raw layer with an in-process fake of S3's protocol."""

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

from estrela.etl.accounts.account import LOADED, Account
from estrela.etl.raw.deliveries import known_partition, wanted
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.etl.raw.log import INTERVAL, RawLog
from estrela.etl.raw.raw_file import RawAnswer, RawFile, current
from estrela.etl.raw.request_id import request_id, request_of
from estrela.stars.banking.sources import fees

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


def withdraw(raw: RawLayer, source: str, request: dict[str, str] = BANK, *, day: int = 0) -> None:
    receipt = raw.receipt(source)
    receipt.answered(RawAnswer(request, DAY + timedelta(days=day)))
    receipt.close()


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
    raw.write("fees", [arrival(b"2", page=1), arrival(b"1", page=0)])
    raw.write("fees", [arrival(b"1", day=1)])
    assert [(file.page, raw.read(file)) for file in raw.current("fees")] == [(0, b"1")]


def test_nothing_received_is_nothing_known(raw: RawLayer) -> None:
    assert raw.write("fees", []) == []
    assert (raw.files("fees"), keys(raw)) == ([], [])


class Rival:
    """An S3 client with a rival that commits just before the first log version is written."""

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


@pytest.mark.slow
@given(ANSWERS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_current_is_the_last_answer_to_each_request_however_the_captures_were_cut(
    s3: Any, answers: list[tuple[str, bytes]]
) -> None:
    raw = fresh_layer(s3)
    for day, (cnpj, body) in enumerate(answers):
        raw.write("fees", [arrival(body, {"cnpj": cnpj}, day=day)])
    assert {file.request["cnpj"]: raw.read(file) for file in raw.current("fees")} == dict(answers)
    assert current(raw.files("fees")) == raw.current("fees")
    assert [file.version for file in raw.files("fees")] == sorted(file.version for file in raw.files("fees"))


class Dying:
    """An S3 client that dies just before the log is written."""

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


def test_a_withdrawn_answer_is_no_longer_current_and_stays_in_the_history(raw: RawLayer) -> None:
    raw.write("fees", [arrival(b"a"), arrival(b"x", {"cnpj": "1", "person_type": "J"})])
    withdraw(raw, "fees", day=4)
    assert [file.request["cnpj"] for file in raw.current("fees")] == ["1"]
    assert [file.request["cnpj"] for file in current(raw.files("fees"))] == ["1"]
    by_day = [(file.request["cnpj"], file.fetched_at.day) for file in wanted(fees, raw.files("fees"))]
    assert by_day == [("00000000", 20), ("1", 20)]
    raw.write("fees", [arrival(b"a", day=6)])
    assert len(raw.current("fees")) == 2
    assert sum("objects" in key for key in keys(raw)) == 2


def test_a_source_that_never_had_anything_to_say_leaves_no_entry(raw: RawLayer) -> None:
    withdraw(raw, "fees")
    assert raw.files("fees") == []
    assert raw.version("fees") == 0
    (record,) = keys(raw)
    assert record.startswith("raw/fees/asked/2026-11-20/063000-")


def test_pages_of_one_answer_that_straddle_midnight_are_one_snapshot() -> None:
    """An answer of two pages, the first at 23:59:59 and the second two seconds later, belongs to the first day."""

    def page(number: int, at: datetime) -> RawFile:
        return RawFile("fees", BANK, number, "u", at, 900, f"p{number}", f"k{number}", 1)

    late = datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
    files = wanted(fees, [page(0, late), page(1, late + timedelta(seconds=2))])
    assert [(file.page, str(file.fetched_at.date())) for file in files] == [(0, "2026-01-01"), (1, "2026-01-01")]


TEXTS = st.text(st.sampled_from("ab=,%2C1 \n\u00e7"), max_size=4)
REQUESTS = st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=3)


@given(REQUESTS, REQUESTS)
@settings(max_examples=300, deadline=None)
def test_a_request_id_names_one_request_and_tells_it(left: dict[str, str], right: dict[str, str]) -> None:
    assert request_of(request_id(left)) == left
    assert (request_id(left) == request_id(right)) is (left == right)


def test_request_ids_stay_readable() -> None:
    assert request_id({"year": "2021", "quarter": "4"}) == "quarter=4,year=2021"
    assert request_id({"a": "1,b=2", "c": "50%"}) == "a=1%2Cb%3D2,c=50%25"


def test_a_comma_in_a_value_does_not_break_the_next_run() -> None:
    identifier = request_id({"cnpj": "A,B", "person_type": "J"})
    known = Account("fees", "fees", identifier, 0, "f", "", DAY, 1, LOADED, 1, 1, 0)
    assert known_partition(fees, known) == ("2026-11-20",)


@pytest.mark.slow
def test_the_log_reads_the_same_through_checkpoints_and_costs_what_changed(s3: Any) -> None:
    raw = fresh_layer(s3)
    versions = 2 * INTERVAL + 3
    for number in range(versions):
        raw.write("fees", [arrival(f"{number}".encode(), {"cnpj": f"{number % 5}"}, day=number)])
    assert raw.version("fees") == versions
    assert [file.version for file in raw.files("fees")] == list(range(1, versions + 1))
    assert [raw.read(file) for file in raw.files("fees")] == [f"{number}".encode() for number in range(versions)]
    assert {file.request["cnpj"]: file.version for file in raw.current("fees")} == {
        f"{number % 5}": number + 1 for number in range(versions)
    }
    counting = Counting(s3)
    assert RawLayer(counting, raw.bucket).current("fees") == raw.current("fees")  # type: ignore[arg-type]
    # One checkpoint and the three deltas since, however long the history is.
    assert counting.reads == 4
    sizes = [entry["Size"] for entry in s3.list_objects_v2(Bucket=raw.bucket, Prefix="raw/fees/log/")["Contents"]]
    assert max(sizes) < 1.2 * min(sizes)


class Counting:
    """An S3 client that counts the objects read."""

    def __init__(self, s3: Any) -> None:
        self._s3, self.reads = s3, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **arguments: Any) -> Any:
        self.reads += 1
        return self._s3.get_object(**arguments)


class Forgetful:
    """The S3 client of a writer that dies before it writes a checkpoint."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **arguments: Any) -> Any:
        if "/segments/" in arguments["Key"] or "/checkpoints/" in arguments["Key"]:
            raise KeyboardInterrupt
        return self._s3.put_object(**arguments)


@pytest.mark.slow
def test_a_checkpoint_that_its_writer_did_not_reach_is_written_with_the_next(s3: Any) -> None:
    raw = fresh_layer(s3)
    for number in range(INTERVAL - 1):
        raw.write("fees", [arrival(f"{number}".encode())])
    with pytest.raises(KeyboardInterrupt):
        RawLayer(Forgetful(s3), raw.bucket).write("fees", [arrival(b"last")])  # type: ignore[arg-type]
    assert raw.version("fees") == INTERVAL
    assert [raw.read(file) for file in raw.current("fees")] == [b"last"]
    for number in range(INTERVAL):
        raw.write("fees", [arrival(f"again {number}".encode())])
    checkpoints = [key for key in keys(raw) if "/checkpoints/" in key]
    assert checkpoints == [f"raw/fees/checkpoints/{end:08d}.jsonl.gz" for end in (INTERVAL, 2 * INTERVAL)]
    assert [file.version for file in raw.files("fees")] == list(range(1, 2 * INTERVAL + 1))


@pytest.mark.slow
def test_the_history_is_that_of_the_deltas_alone(s3: Any) -> None:
    raw = fresh_layer(s3)
    for number in range(INTERVAL + 2):
        raw.write("fees", [arrival(f"{number}".encode(), {"cnpj": f"{number % 3}"}, day=number)])
    log = RawLog(s3, raw.bucket, "raw/fees")
    before = list(log.history()), log.state()
    for key in keys(raw):
        if "/segments/" in key or "/checkpoints/" in key:
            s3.delete_object(Bucket=raw.bucket, Key=key)
    assert (list(log.history()), log.state()) == before
