"""The banking star's sources, extracted from a mirror of the Central Bank's services that misbehaves on request."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from bcb_mirror.faults import Fault
from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import Serving, serving
from bcb_mirror.synthetic_world import SyntheticWorld
from estrela.errors import ExtractError, SettingsError, SourceChangedError, SourceRejectedError, SourceUnavailableError
from estrela.etl.extractors.raw_extractor import ExtractStep, RawExtractor, Scope
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.etl.raw.request_id import request_id
from estrela.etl.raw.world_record import WorldRecord
from estrela.extractor_factory import extractor_of
from estrela.model.origin import OData
from estrela.model.source import Source
from estrela.model.star import Star, load
from estrela.world import world_from

WORLD = SyntheticWorld(seed=7, institutions=20, others=6, first=Quarter(2021, 4), last=Quarter(2022, 3))
MONDAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def raw(s3: Any) -> RawLayer:
    layer = RawLayer(s3, f"lake-{uuid.uuid4().hex}")
    s3.create_bucket(Bucket=layer.bucket)
    return layer


@pytest.fixture
def mirror() -> Iterator[Serving]:
    with serving(WORLD) as server:
        yield server


@pytest.fixture(scope="module")
def star() -> Star:
    return load("banking")


def extractor(source: Source, raw: RawLayer, mirror: Serving, **scope: Any) -> RawExtractor[Any]:
    return extractor_of(source, raw, Scope(**({"day": MONDAY} | scope)), world_from(mirror.url), boto3.Session())


def extracted(star: Star, *entities: str) -> list[Source]:
    """Return the sources that have their own raw files."""
    named = [source for source in star.sources if not entities or source.entity in entities]
    return [source for source in named if source.received_with is None]


def extract(star: Star, raw: RawLayer, mirror: Serving, *entities: str, **scope: Any) -> int:
    """Extract the entities (all, if none is named) and return the number of new files."""
    new = 0
    for entity in entities or star.entities:
        extractors = [extractor(source, raw, mirror, **scope) for source in extracted(star, entity)]
        step = ExtractStep(entity, extractors, world_from(mirror.url), WorldRecord(raw.s3, raw.bucket))
        new += int(str(step.run()["new_files"]))
    return new


def asked(source: Source, raw: RawLayer, mirror: Serving, **scope: Any) -> list[dict[str, str]]:
    """Return the requests that a run would send."""
    known, extraction = raw.state(source.name), extractor(source, raw, mirror, **scope)
    full = bool(scope.get("full_refresh"))
    items = extraction.wanted(known).items
    return [dict(item.asked) for item in items if full or extraction.is_due(item, known.get(request_id(item.asked)))]


def keys(raw: RawLayer) -> set[str]:
    return {entry["Key"] for entry in raw.s3.list_objects_v2(Bucket=raw.bucket).get("Contents", [])}


def quarters(raw: RawLayer) -> list[str]:
    return sorted(f"{file.request['year']}T{file.request['quarter']}" for file in raw.current("complaints"))


def test_the_catalogue_decides_which_quarters_exist(star: Star, raw: RawLayer, mirror: Serving) -> None:
    mirror.mirror.publication.withhold(Quarter(2022, 1))
    extract(star, raw, mirror, "complaints")
    # 2022T2 is listed without a type; 2022T1 is listed, and its answer is a 204.
    assert quarters(raw) == ["2021T4", "2022T3"]
    assert {raw.read(file) for file in raw.current("complaints")} == {
        WORLD.ranking(Quarter(2021, 4)),
        WORLD.ranking(Quarter(2022, 3)),
    }


def test_the_catalogue_itself_is_kept(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints")
    (file,) = raw.current("complaints_catalogue")
    assert json.loads(raw.read(file)) == mirror.mirror.publication.catalogue()


def test_quarters_can_be_chosen(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints", parameters={"quarters": ("2022T3",)})
    assert quarters(raw) == ["2022T3"]


def test_a_quarter_that_is_not_published_is_refused_by_name(star: Star, raw: RawLayer, mirror: Serving) -> None:
    with pytest.raises(SettingsError) as refused:
        extract(star, raw, mirror, "complaints", parameters={"quarters": ("2022T3", "2099T1")})
    assert str(refused.value) == (
        "--params: quarters 2099T1 does not exist in source complaints; available: year=2021,quarter=4 to"
        " year=2022,quarter=3"
    )
    assert quarters(raw) == []


def test_a_quarter_published_later_is_the_only_news(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints")
    mirror.mirror.publication.publish_next()
    assert extract(star, raw, mirror, "complaints") == 1
    assert quarters(raw)[-1] == "2022T4"


def test_a_corrected_quarter_supersedes_and_the_old_file_stays(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints")
    corrected = mirror.mirror.publication.correct(Quarter(2021, 4))
    assert extract(star, raw, mirror, "complaints") == 1
    versions = [raw.read(file) for file in raw.files("complaints") if file.request["quarter"] == "4"]
    assert versions == [WORLD.ranking(Quarter(2021, 4)), corrected]


def test_fees_are_asked_for_both_persons_of_every_known_institution(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror)
    known = {institution.cnpj for institution in (*WORLD.institutions, *WORLD.others)}
    asked = {(file.request["cnpj"], file.request["person_type"]) for file in raw.current("fees")}
    assert asked == {(cnpj, person) for cnpj in known for person in "FJ"}
    some = raw.current("fees")[0]
    records = json.loads(raw.read(some))["value"]
    assert records == WORLD.fees(some.request["person_type"], some.request["cnpj"])


def test_zeros_lost_in_a_list_do_not_make_a_second_institution(star: Star, raw: RawLayer, mirror: Serving) -> None:
    now = datetime(2026, 11, 16, tzinfo=UTC)
    body = b"Segmento\tCNPJ\tNome\r\nS1\t0\tBANCO DO BRASIL\r\nS1\t00000000\tBB - PRUDENCIAL\r\nS5\tx\t?\r\n"
    raw.write("segments", [Arrival({}, 0, "u", body, now)])
    assert asked(star.sources_of("fees")[0], raw, mirror) == [
        {"person_type": "F", "cnpj": "00000000"},
        {"person_type": "J", "cnpj": "00000000"},
    ]


@pytest.mark.slow
def test_a_day_without_news_writes_nothing(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror)
    before = keys(raw)
    assert extract(star, raw, mirror, day=MONDAY + timedelta(days=1)) == 0
    # Requests and answers are recorded on every day.
    assert {key for key in keys(raw) - before if "/asked/" not in key} == set()
    assert {key.split("/")[1] for key in keys(raw) - before} == {source.name for source in extracted(star)}


def test_what_is_known_is_stored_again_only_by_a_full_refresh(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints")
    lost = {file.key for file in raw.current("complaints")}
    for key in lost:
        raw.s3.delete_object(Bucket=raw.bucket, Key=key)
    assert extract(star, raw, mirror, "complaints") == 0
    assert not lost & keys(raw)
    assert extract(star, raw, mirror, "complaints", full_refresh=True) == 0
    assert lost <= keys(raw)


@pytest.mark.slow
def test_an_empty_answer_is_asked_for_again_once_a_week(star: Star, raw: RawLayer, mirror: Serving) -> None:
    source = star.sources_of("fees")[0]
    assert isinstance(source.origin, OData)
    assert source.origin.recheck_empty_days == 7
    extract(star, raw, mirror)
    everything = [dict(file.request) for file in raw.current("fees")]
    empty = [dict(file.request) for file in raw.current("fees") if not json.loads(raw.read(file))["value"]]
    week = [asked(source, raw, mirror, day=MONDAY + timedelta(days)) for days in range(7)]
    assert empty
    for request in everything:
        assert sum(request in day for day in week) == (1 if request in empty else 7)
    full = asked(source, raw, mirror, full_refresh=True)
    assert len(full) == len(everything)


@pytest.mark.parametrize("kind", ["status", "html", "xml", "truncated", "reset", "empty"])
def test_a_fault_that_passes_costs_no_data(star: Star, raw: RawLayer, mirror: Serving, kind: str) -> None:
    mirror.mirror.faults.add(Fault(kind, match="arquivo", count=2))
    extract(star, raw, mirror, "complaints")
    published = [WORLD.ranking(quarter) for quarter in (Quarter(2021, 4), Quarter(2022, 1), Quarter(2022, 3))]
    assert {raw.read(file) for file in raw.current("complaints")} == set(published)


def test_one_file_that_stays_away_fails_the_run_and_the_rest_is_kept(
    star: Star, raw: RawLayer, mirror: Serving
) -> None:
    mirror.mirror.faults.add(Fault("status", match="ano=2022.*periodo=1", status=404))
    with pytest.raises(ExtractError) as caught:
        extract(star, raw, mirror, "complaints")
    assert str(caught.value).startswith(
        "complaints: 1 of 3 requests failed, at most 0 may fail; the answers that were received are stored. "
        f"Failed: complaints: {mirror.ranking_url}/arquivo?ano=2022&periodicidade=TRIMESTRAL&periodo=1&"
    )
    (failure,) = caught.value.failures
    assert isinstance(failure, SourceRejectedError)
    assert failure.status == 404
    assert quarters(raw) == ["2021T4", "2022T3"]


@pytest.mark.slow
def test_a_fee_request_is_tolerated_as_declared_and_asked_again(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints", "institutions")
    bank = f"CNPJ='{WORLD.institutions[0].cnpj}'"
    mirror.mirror.faults.add(Fault("status", match=bank, status=400))
    with pytest.raises(ExtractError, match="2 of 52 requests failed, at most 0 may fail"):
        extract(star, raw, mirror, "fees")
    assert len(raw.current("fees")) == 50
    mirror.mirror.faults.clear()
    assert extract(star, raw, mirror, "fees") == 2


@pytest.mark.slow
def test_the_register_may_be_down_for_days(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror)
    assert raw.files("register") == []
    mirror.mirror.register = True
    extract(star, raw, mirror, "institutions")
    assert [file.request for file in raw.current("register")] == [
        {"year_month": "202112"}, {"year_month": "202203"}, {"year_month": "202209"}
    ]  # fmt: skip


def test_one_source_that_fails_does_not_keep_the_others_of_its_entity(
    star: Star, raw: RawLayer, mirror: Serving
) -> None:
    mirror.mirror.faults.add(Fault("status", match="Enquadramento", status=404))
    with pytest.raises(SourceRejectedError, match=r"^segments: .*Enquadramento.*: HTTP 404$"):
        extract(star, raw, mirror, "institutions")
    assert raw.current("groups")
    assert raw.current("group_members")


def test_a_catalogue_of_another_shape_is_a_changed_source(star: Star, raw: RawLayer, mirror: Serving) -> None:
    mirror.mirror.publication.catalogue = lambda: {"anos": [{"ano": "2021"}]}  # type: ignore[method-assign]
    with pytest.raises(SourceChangedError) as caught:
        extract(star, raw, mirror, "complaints")
    assert str(caught.value) == (
        f"complaints: {mirror.ranking_url}: expected anos[].periodicidades[].periodos[].tipos[].tipo, "
        "received a document of another shape (KeyError: 'periodicidades')"
    )


def test_a_service_that_is_down_is_worth_a_retry(star: Star, raw: RawLayer, mirror: Serving) -> None:
    mirror.mirror.faults.add(Fault("throttled", seconds=600))
    with pytest.raises(SourceUnavailableError) as caught:
        extract(star, raw, mirror, "complaints")
    assert caught.value.retry_after == 600


@pytest.mark.slow
def test_an_order_that_changes_between_pages_loses_no_institution(raw: RawLayer) -> None:
    """Without $orderby the service cuts each page from a different order, which would lose 50 of 250 members."""
    big = SyntheticWorld(seed=7, institutions=250, others=600, first=Quarter(2021, 4), last=Quarter(2021, 4))
    with serving(big) as bank:
        bank.mirror.paging.reordered = True
        star = load("banking")
        extract(star, raw, bank, "institutions")
        expected = {
            group["Codigo"]: {member["Cnpj"] for member in big.members(str(group["Codigo"]))} for group in big.groups()
        }
        assert members(raw) == expected
        assert max(map(len, expected.values())) > 200

        bank.mirror.paging.obeys_order = False
        with pytest.raises(ExtractError) as caught:
            extract(star, raw, bank, "institutions")
        assert all("are on two pages, so the order changed" in str(failure) for failure in caught.value.failures)
        assert members(raw) == expected

        bank.mirror.paging.reordered, bank.mirror.paging.longest = False, 7
        extract(star, raw, bank, "institutions")
        assert members(raw) == expected


def members(raw: RawLayer) -> dict[object, set[object]]:
    """Return the CNPJ roots by group, from all pages."""
    roots: dict[object, set[object]] = {}
    for file in raw.current("group_members"):
        records = json.loads(raw.read(file))["value"]
        roots.setdefault(file.request["group_code"], set()).update(record["Cnpj"] for record in records)
    return roots


def test_a_quarter_that_the_bank_no_longer_publishes_is_withdrawn(star: Star, raw: RawLayer, mirror: Serving) -> None:
    extract(star, raw, mirror, "complaints")
    mirror.mirror.publication.withhold(Quarter(2022, 1))
    extract(star, raw, mirror, "complaints", parameters={"quarters": ("2021T4",)})
    assert quarters(raw) == ["2021T4", "2022T1", "2022T3"]
    extract(star, raw, mirror, "complaints")
    assert quarters(raw) == ["2021T4", "2022T3"]
    mirror.mirror.publication.restore(Quarter(2022, 1))
    assert extract(star, raw, mirror, "complaints") == 1
    assert quarters(raw) == ["2021T4", "2022T1", "2022T3"]


def test_every_request_of_a_day_is_recorded_with_its_outcome(star: Star, raw: RawLayer, mirror: Serving) -> None:
    mirror.mirror.publication.withhold(Quarter(2022, 1))
    mirror.mirror.faults.add(Fault("status", match="ano=2021", status=404))
    with pytest.raises(SourceRejectedError):
        extract(star, raw, mirror, "complaints", parameters={"quarters": ("2021T4",)})
    mirror.mirror.faults.clear()
    for _ in range(2):
        extract(star, raw, mirror, "complaints")
    absent = ("quarter=1,year=2022", "absent")
    assert recorded(raw, "complaints") == sorted(
        [
            [("quarter=4,year=2021", "failed")],
            [absent, ("quarter=3,year=2022", "changed"), ("quarter=4,year=2021", "changed")],
            [absent, ("quarter=3,year=2022", "unchanged"), ("quarter=4,year=2021", "unchanged")],
        ]
    )


def recorded(raw: RawLayer, source: str) -> list[list[tuple[str, str]]]:
    """Return the requests and outcomes of each run, sorted, because runs of the same second have no order."""
    entries = raw.s3.list_objects_v2(Bucket=raw.bucket, Prefix=f"{raw.prefix}/{source}/asked/")["Contents"]
    runs = []
    for entry in entries:
        body = raw.s3.get_object(Bucket=raw.bucket, Key=entry["Key"])["Body"].read()
        lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        runs.append(sorted((request_id(line["request"]), line["outcome"]) for line in lines))
    return sorted(runs)
