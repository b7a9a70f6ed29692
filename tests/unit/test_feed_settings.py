"""Arguments of a run of a feed: the exact error for each that is missing or wrong, and the step that they select."""

from __future__ import annotations

import boto3
import pytest

from estrela.airflow.warehouse import OPTIONAL
from estrela.errors import SettingsError, StepError
from estrela.etl_factory import ETLFactory
from estrela.feed_settings import feed_settings_from, is_of_feed
from estrela.model.feeds import feeds
from estrela.warehouse_places import WarehousePlaces

ARGUMENTS = {
    "feed": "branches",
    "phase": "load",
    "run_key": "feed_branches/1/load",
    "landing": "landing-1",
    "archive": "archive-1",
    "warehouse_secret": "estrela/warehouse",
}


def argv(**changes: str | None) -> list[str]:
    return [word for name, value in (ARGUMENTS | changes).items() if value is not None for word in (f"--{name}", value)]


def test_the_arguments_become_the_environment_of_the_warehouse() -> None:
    settings = feed_settings_from(["job.py", *argv(pii_secret="estrela/pii"), "--JOB_NAME", "x"])
    assert settings.feed is feeds()["branches"]
    assert settings.environ == {
        "ESTRELA_LANDING": "landing-1",
        "ESTRELA_ARCHIVE": "archive-1",
        "ESTRELA_WAREHOUSE_SECRET": "estrela/warehouse",
        "ESTRELA_PII_SECRET": "estrela/pii",
    }
    assert is_of_feed(argv())


def test_a_run_of_a_feed_in_redshift_is_told_where_it_is() -> None:
    given = {"redshift_workgroup": "warehouse", "redshift_database": "mart", "redshift_role": "default",
             "redshift_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:redshift-1"}  # fmt: skip
    environ = feed_settings_from(argv(**given)).environ
    place = WarehousePlaces(environ, boto3.Session("x", "x", region_name="us-east-1")).redshift.place
    assert place == {
        "WorkgroupName": "warehouse", "Database": "mart", "SecretArn": given["redshift_secret_arn"],
    }  # fmt: skip
    assert set(given) <= set(OPTIONAL), "and the DAGs pass each argument"


def test_other_arguments_are_those_of_a_star() -> None:
    assert not is_of_feed(["--star", "banking"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"landing": None}, "--landing: is missing; give the name of an S3 bucket"),
        ({"archive": "A!"}, "--archive: 'A!' is not the name of an S3 bucket"),
        ({"warehouse_secret": None}, "--warehouse_secret: is missing; give the name of a secret"),
        ({"phase": "publish"}, "--phase: 'publish' is not one of extract, transform, load, reconcile, archive"),
        ({"redshift_role": "admin"}, "--redshift_role: 'admin' is not the ARN of a role"),
        ({"run_key": None}, "--run_key: is missing; give 1 to 400 printable ASCII characters without blanks"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, str | None], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        feed_settings_from(argv(**change))
    assert str(caught.value) == message


def test_a_run_of_a_feed_that_nothing_declares_ends_for_good() -> None:
    with pytest.raises(StepError) as caught:
        ETLFactory.run(argv(feed="nothing"), lambda: pytest.fail("Spark was asked for"))
    failure = 'estrela-failure {"error": "SettingsError", "retriable": false}'
    assert str(caught.value).startswith(f"{failure}: --feed: no feed is called 'nothing'; allowed: accounts, ")
