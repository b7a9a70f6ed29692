"""Retention of raw: inputs of a rebuild are kept, old superseded answers and orphans of dead runs are removed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from estrela.errors import DefinitionError
from estrela.etl.maintenance.raw_maintenance import RawFigures, RawMaintenance
from estrela.etl.raw.deliveries import wanted
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.hooks.body import Body
from estrela.model.source import Source
from estrela.stars.banking.ranking import complaints
from estrela.stars.banking.sources import fees

DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = DAY + timedelta(days=100)
LATER = datetime.now(UTC) + timedelta(hours=1)
EARLIER = LATER - timedelta(days=8)
QUARTER = {"year": "2020", "quarter": "1"}
KEPT_30_DAYS = replace(complaints, raw_days=30)


@pytest.fixture
def raw() -> Iterator[RawLayer]:
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        layer = RawLayer(s3, f"lake-{uuid.uuid4().hex}")
        s3.create_bucket(Bucket=layer.bucket)
        yield layer


def receive(raw: RawLayer, name: str, day: float, body: bytes) -> RawFile:
    [file] = raw.write(name, [Arrival(QUARTER, 0, "https://bank/f", body, DAY + timedelta(days=day))])
    return file


def maintenance(raw: RawLayer, source: Source, *, dry: bool = False, aside: set[str] | None = None) -> RawMaintenance:
    return RawMaintenance(raw, source.name, [source], aside or set(), dry)


def bodies(raw: RawLayer, name: str) -> set[bytes]:
    keys = [entry.key for page in raw.contents(name).pages() for entry in page]
    return {raw.s3.get_object(Bucket=raw.bucket, Key=key)["Body"].read() for key in keys}


def test_superseded_answers_go_after_their_days_and_the_newest_stays(raw: RawLayer) -> None:
    for day, body in ((0, b"first"), (60, b"second"), (90, b"third")):
        receive(raw, "complaints", day, body)

    counted = maintenance(raw, KEPT_30_DAYS, dry=True).run(set(), NOW, LATER)
    assert counted == RawFigures(answers_retired=1, orphans_removed=1, bytes_removed=5, data_files=2)
    assert bodies(raw, "complaints") == {b"first", b"second", b"third"}
    assert maintenance(raw, complaints).run(set(), NOW, LATER) == RawFigures(0, 0, 0, 3)

    assert maintenance(raw, KEPT_30_DAYS).run(set(), NOW, LATER) == counted
    assert bodies(raw, "complaints") == {b"second", b"third"}
    # The retired answer is not needed even if both newer answers are set aside.
    assert [raw.read(file) for file in raw.files("complaints")] == [b"second", b"third"]
    assert maintenance(raw, KEPT_30_DAYS).run(set(), NOW, LATER) == RawFigures(0, 0, 0, 2)


def test_inputs_of_tables_are_kept_with_or_without_the_files_set_aside(raw: RawLayer) -> None:
    first, second, third = (receive(raw, "complaints", day, body) for day, body in ((0, b"1"), (1, b"2"), (2, b"3")))
    refused = {first.sha256}
    assert maintenance(raw, KEPT_30_DAYS, dry=True).run(refused, NOW, LATER).answers_retired == 1
    done = maintenance(raw, KEPT_30_DAYS, aside={third.sha256}).run(refused, NOW, LATER)
    assert done == RawFigures(0, 0, 0, 3)
    assert wanted(complaints, raw.files("complaints")) == [third]
    assert bodies(raw, "complaints") == {b"1", b"2", b"3"} and second.version == 2


def test_the_last_answer_of_every_day_and_a_repeated_content_are_kept(raw: RawLayer) -> None:
    daily = replace(fees, raw_days=30)
    for day, body in ((0, b"morning"), (0.2, b"evening"), (1, b"morning")):
        receive(raw, "fees", day, body)
    assert maintenance(raw, daily).run(set(), NOW, LATER) == RawFigures(1, 0, 0, 2)
    assert [raw.read(file) for file in wanted(daily, raw.files("fees"))] == [b"evening", b"morning"]


def test_unreferenced_contents_are_deleted_once_no_run_can_use_them(raw: RawLayer) -> None:
    receive(raw, "complaints", 0, b"named")
    raw.receipt("complaints").store(Body.of(b"of a run that died"))
    assert maintenance(raw, complaints).run(set(), NOW, EARLIER) == RawFigures(0, 0, 0, 2)
    assert maintenance(raw, complaints).run(set(), NOW, LATER) == RawFigures(0, 1, 18, 1)
    assert bodies(raw, "complaints") == {b"named"}


def test_a_content_that_was_written_again_since_it_was_listed_stays(raw: RawLayer) -> None:
    receive(raw, "complaints", 0, b"again")
    contents = raw.contents("complaints")
    [[listed]] = contents.pages()
    contents.remove([replace(listed, written_at=listed.written_at - timedelta(days=8))])
    assert bodies(raw, "complaints") == {b"again"}
    contents.remove([listed])
    assert bodies(raw, "complaints") == set()


def test_retention_is_declared_where_files_are_received() -> None:
    with pytest.raises(DefinitionError, match="raw_days=5; give 0 or more days, and declare them at the source"):
        replace(complaints, name="newest", received_with=complaints, raw_days=5)
