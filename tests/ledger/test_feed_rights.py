"""The role of the feeds' Glue runs allows exactly the actions that their steps call."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from ledger_warehouse import Warehouse
from recorded_calls import for_code, recorded

from estrela.feed_steps import FeedSteps
from estrela.feeds.backoffice.accounts import accounts
from estrela.feeds.backoffice.customers import customers
from estrela.model.feed_engine import Redshift
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD, RECONCILE, TRANSFORM
from estrela.warehouse_parts import WarehouseParts
from localaws.running import Running

BY_GLUE = {
    "Code", "Connection", "JoinNetwork", "Key", "LeaveNetwork", "Logs", "LookAtNetwork", "SecurityConfiguration",
    "TagInterfaces",
}  # fmt: skip
"""Statements for actions of Glue itself with the role, and for encryption at rest."""
ASKED_BY_AWS = {
    "s3:GetObjectVersionTagging": "a file that is copied has tags",
    "s3:PutObjectTagging": "a file that is copied has tags",
    "redshift-serverless:GetCredentials": "the Data API signs in at the workgroup as its caller",
}
"""Actions that correspond to no call, and the condition under which AWS checks them."""
AFTER_A_FAULT = {
    "s3:AbortMultipartUpload": "an upload of several parts was broken off",
    "redshift-data:CancelStatement": "a statement has taken an hour",
}
TABLE = """
CREATE SCHEMA core;
CREATE TABLE core.customers (
  id int PRIMARY KEY, full_name text, segment text, active boolean, updated_at timestamptz
);
CREATE TABLE core.accounts (number text PRIMARY KEY, customer_id int, balance numeric, opened_on date);
INSERT INTO core.customers VALUES (1, 'Ana', 'A', true, now() - interval '1 h');
INSERT INTO core.accounts VALUES ('12', 1, 1.50, '2026-11-01')
"""


@pytest.fixture
def environ(redshift_warehouse: Warehouse, aws: Running, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The location of the warehouse as arguments of a run; the secrets are in the local AWS."""
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    url = redshift_warehouse.database.engine.url
    login = {"username": url.username, "password": url.password, "host": url.host, "port": url.port,
             "dbname": url.database}  # fmt: skip
    secrets, bucket = aws.client("secretsmanager"), redshift_warehouse.bucket
    for name, value in ((f"w-{bucket}", json.dumps(login)), (f"c-{bucket}", json.dumps(login)), (f"p-{bucket}", "key")):
        secrets.create_secret(Name=name, SecretString=value)
    redshift_warehouse.database.query(TABLE)
    return {
        "ESTRELA_LANDING": bucket,
        "ESTRELA_ARCHIVE": f"{bucket}-archive",
        "ESTRELA_WAREHOUSE_SECRET": f"w-{bucket}",
        "ESTRELA_PII_SECRET": f"p-{bucket}",
        "ESTRELA_REDSHIFT_WORKGROUP": "warehouse",
    }


def test_steps_of_feeds_call_what_the_role_of_their_runs_allows(
    environ: dict[str, str], redshift_warehouse: Warehouse
) -> None:
    """One feed into PostgreSQL with a search for deleted rows, and one into Redshift."""
    counts = []
    with recorded() as actions:
        parts = WarehouseParts(environ, boto3.Session())
        for feed in (customers, replace(accounts, engine=Redshift())):
            origin: Any = replace(feed.origin, server=f"c-{redshift_warehouse.bucket}")  # type: ignore[arg-type]
            steps = FeedSteps(parts, replace(feed, origin=origin), "day 1")
            phases = (EXTRACT, TRANSFORM, LOAD, *([RECONCILE] if origin.reconcile else []), ARCHIVE)
            figures = {phase: steps.step(phase).execute() for phase in phases}
            counts.append((figures[LOAD]["rows_loaded"], figures[ARCHIVE]["archived"]))
    assert counts == [(1, 1), (1, 1)]
    unseen = ASKED_BY_AWS.keys() | AFTER_A_FAULT.keys()
    assert actions & unseen == set()
    assert actions | unseen == for_code("feed_job", BY_GLUE)
