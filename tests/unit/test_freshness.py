"""Alerts about stale tables, with a lake in S3: one when tables become stale, one when they are fresh again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from estrela.airflow.incidents import deliver
from estrela.errors import DefinitionError, DeliveryError
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.etl.releases.freshness import source_ages
from estrela.etl.releases.manifests import Manifests, Pointer
from estrela.etl.releases.release import Release
from estrela.etl.telemetry.freshness import after_check
from estrela.etl.telemetry.incidents import Incidents
from estrela.hooks.json_objects import S3JsonObjects
from estrela.model import Freshness
from estrela.model.star import load

START = datetime(2026, 11, 2, 0, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
STAR = load("retail")
FACTS = "fact_order_lines, mart_product_sales, mart_sales_by_month"


@dataclass
class Phone:
    """A channel that can be down."""

    name: str = "phone"
    is_down: bool = False
    received: list[str] = field(default_factory=list)

    def send(self, subject: str, body: str) -> None:
        if self.is_down:
            raise DeliveryError(self.name, "no line", retriable=True)
        self.received.append(f"{subject}\n{body}")

    def news(self) -> list[str]:
        """Return the messages received since the last call."""
        said, self.received = self.received, []
        return said


@dataclass
class Lake:
    """The raw layer and the releases of the star, and the checks of its freshness."""

    s3: Any
    bucket: str
    release: int = 0

    @property
    def raw(self) -> RawLayer:
        return RawLayer(self.s3, self.bucket, "raw/retail")

    @property
    def manifests(self) -> Manifests:
        return Manifests(S3JsonObjects(self.s3, self.bucket), "retail")

    def answer(self, at: datetime, *silent: str, news: bool = True) -> None:
        """Let every source except the ``silent`` ones answer at ``at``."""
        for name in STAR.raw_names:
            if name not in silent:
                if news:
                    self.raw.write(name, [Arrival({}, 0, "s3://x", str(at).encode(), at)])
                self.raw.note_answered(name, at)

    def publish(self, held_back: Mapping[str, str] | None = None) -> None:
        """Publish everything in raw except the held-back sources."""
        before = self.manifests.watermark().get("raw", {})
        versions = {name: self.raw.version(name) for name in STAR.raw_names}
        versions |= {name: before.get(name, 0) for name in held_back or {}}
        self.release += 1
        held = dict(held_back or {})
        self.manifests.create(Release(self.release, "retail", "run", "", self.release - 1, {}, (), versions, {}, held))
        self.manifests.advance(versions, {}, self.release)
        self.show(self.release)

    def show(self, release: int) -> None:
        """Point readers to a release."""
        _, version = self.manifests.pointer()
        self.manifests.point(Pointer(release, "", latest_id=self.release), version)

    def look(self, now: datetime, *phones: Phone) -> tuple[DeliveryError, ...]:
        """Check the star and send alerts; return the errors of channels that failed."""
        incidents = Incidents(S3JsonObjects(self.s3, self.bucket), "retail")
        ages = source_ages(STAR, self.raw, self.manifests)
        incidents.change(lambda record: after_check(record, STAR, ages, now), now)
        return incidents.deliver(phones, now).failures


@pytest.fixture
def lake() -> Iterator[Lake]:
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        bucket = f"lake-{uuid.uuid4().hex}"
        s3.create_bucket(Bucket=bucket)
        yield Lake(s3, bucket)


RUN_IT = (
    "Next: see what failed: airflow dags list-runs star_retail; then run it: airflow dags unpause star_retail &&"
    " airflow dags trigger star_retail"
)


def test_a_star_of_which_nothing_ever_ran_is_told_of_once_and_that_it_has_recovered(lake: Lake) -> None:
    phone = Phone()
    for hours in (0, 12, 36):
        lake.look(START + hours * HOUR, phone)
    assert phone.news() == []
    lake.look(START + 37 * HOUR, phone)
    never = "has not answered all requests so far; 36 hours are allowed."
    assert phone.news() == [
        "retail: 5 tables are stale\n"
        f"dim_customer, {FACTS}: stale since 2026-11-03 12:04 UTC. The source customers {never}\n"
        f"dim_product: stale since 2026-11-03 12:04 UTC. The source products {never}\n"
        f"{RUN_IT}"
    ]
    lake.look(START + 38 * HOUR, phone)
    assert phone.news() == [], "an incident is told of once"
    lake.answer(START + 39 * HOUR)
    lake.publish()
    lake.look(START + 40 * HOUR, phone)
    lake.look(START + 41 * HOUR, phone)
    names = sorted(["dim_customer", "dim_product", *FACTS.split(", ")])
    lines = [f"{name} is fresh again; it was stale for 4 hours." for name in names]
    assert phone.news() == ["\n".join(["retail: recovered: 5 tables are fresh", *lines, "Next: nothing."])]


def test_what_is_asked_every_day_is_fresh_without_news_and_stale_when_one_source_stops_answering(lake: Lake) -> None:
    phone = Phone()
    lake.answer(START)
    lake.publish()
    lake.answer(START + 24 * HOUR, news=False)
    lake.look(START + 47 * HOUR, phone)
    lake.answer(START + 48 * HOUR, "products", news=False)
    lake.look(START + 59 * HOUR, phone)
    assert phone.news() == []
    lake.look(START + 61 * HOUR, phone)
    assert phone.news() == [
        "retail: 4 tables are stale\n"
        f"dim_product, {FACTS}: stale since 2026-11-04 12:04 UTC. The source products has not answered all"
        " requests since 2026-11-03 00:04 UTC; 36 hours are allowed.\n"
        f"{RUN_IT}"
    ]


def test_what_is_received_and_not_published_is_stale_with_the_reason(lake: Lake) -> None:
    phone = Phone()
    lake.answer(START)
    lake.publish()
    lake.answer(START + 24 * HOUR)
    lake.publish({"products": "2 of 3 rows are bad"})
    for hours in (48, 60):
        lake.answer(START + hours * HOUR, news=False)
    lake.look(START + 60 * HOUR, phone)
    assert phone.news() == []
    lake.look(START + 61 * HOUR, phone)
    assert phone.news() == [
        "retail: 4 tables are stale\n"
        f"dim_product, {FACTS}: stale since 2026-11-04 12:04 UTC. The data that the source products has delivered since"
        " 2026-11-03 00:04 UTC is not published: 2 of 3 rows are bad; 36 hours are allowed.\n"
        "Next: see why in the log of the task publish: airflow dags list-runs star_retail; once the cause is fixed:"
        " airflow dags trigger star_retail"
    ]
    lake.publish()
    lake.look(START + 62 * HOUR, phone)
    assert [said.splitlines()[0] for said in phone.news()] == ["retail: recovered: 4 tables are fresh"]


def test_a_release_that_was_rolled_back_is_stale_with_the_command_that_shows_it_again(lake: Lake) -> None:
    phone = Phone()
    lake.answer(START)
    lake.publish()
    lake.answer(START + 24 * HOUR)
    lake.publish()
    lake.show(1)
    lake.answer(START + 48 * HOUR, news=False)
    lake.look(START + 61 * HOUR, phone)
    [said] = phone.news()
    assert said.splitlines()[1] == (
        f"dim_customer, {FACTS}: stale since 2026-11-04 12:04 UTC. The data that the source customers has delivered"
        " since 2026-11-03 00:04 UTC is in release 2, which was rolled back; 36 hours are allowed."
    )
    assert said.splitlines()[-1] == (
        "Next: to show the newest release again:"
        " python -m estrela.operate rollback --star retail --lake LAKE --release 2"
    )


def test_a_source_that_must_bring_something_new_every_few_days_is_stale_when_it_is_silent(lake: Lake) -> None:
    phone = Phone()
    lake.answer(START)
    lake.publish()
    for day in (1, 2, 3):
        lake.answer(START + day * 24 * HOUR, news=False)
    lake.look(START + 73 * HOUR, phone)
    assert phone.news() == [
        "retail: 3 tables are stale\n"
        f"{FACTS}: stale since 2026-11-05 00:04 UTC. The source order_lines answers, but has not delivered new data"
        " since 2026-11-02 00:04 UTC; 3 days are allowed.\n"
        "Next: ask the sender; once the data has arrived: airflow dags trigger star_retail"
    ]


def test_a_channel_that_is_down_gets_its_messages_later_and_the_other_one_none_twice(lake: Lake) -> None:
    phone, pager = Phone(), Phone("pager", is_down=True)
    lake.look(START, phone, pager)
    late = START + 37 * HOUR
    assert [str(failure) for failure in lake.look(late, phone, pager)] == ["pager: no line"]
    assert [str(failure) for failure in lake.look(late + HOUR, phone, pager)] == ["pager: no line"]
    assert (len(phone.news()), pager.news()) == (1, [])
    pager.is_down = False
    assert lake.look(late + 2 * HOUR, phone, pager) == ()
    assert (phone.news(), len(pager.news())) == ([], 1)


def test_a_task_fails_only_if_nobody_could_be_told(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    phone, pager, late = Phone(), Phone("pager", is_down=True), START + 37 * HOUR
    lake.look(START)
    incidents = Incidents(S3JsonObjects(lake.s3, lake.bucket), "retail")
    ages = source_ages(STAR, lake.raw, lake.manifests)
    incidents.change(lambda record: after_check(record, STAR, ages, late), late)
    with pytest.raises(DeliveryError) as down:
        deliver(incidents, [pager], late)
    assert str(down.value) == "pager: no line"
    assert deliver(incidents, [phone, pager], late) == {"phone": 1, "pager": 0}
    pager.is_down = False
    assert deliver(incidents, [phone, pager], late) == {"phone": 0, "pager": 1}
    printed = capsys.readouterr().out
    assert printed.count("Not sent, next attempt at the next run: pager: no line") == 2
    assert printed.endswith(f"{RUN_IT}\nMessages sent: {{'phone': 0, 'pager': 1}}\n")


@pytest.mark.parametrize(("limit", "problem"), [
    ({"answered_within": 23 * HOUR},
     "answered_within=23:00:00 is less than the time between two runs; allowed: 1 day, 0:00:00 or more"),
    ({"news_within": 23 * HOUR},
     "news_within=23:00:00 is less than the time between two runs; allowed: None, 1 day, 0:00:00 or more"),
])  # fmt: skip
def test_a_limit_that_every_day_would_break_is_refused(limit: dict[str, timedelta], problem: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        Freshness(**limit)
    assert str(refused.value) == f"Freshness: {problem}"
