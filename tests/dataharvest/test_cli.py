"""The operators' commands."""

from __future__ import annotations

import base64
import json
import re

import boto3
import pytest
from harvest_world import BUCKET, CLIENT, DAY, SAMPLE, SAMPLE_MESSAGES, World, delivery_of

from dataharvest.cli import main
from dataharvest.large_functions import LargeFunctions
from dataharvest.model.delivery import Delivery
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.persistence.splitter import SPLIT
from dataharvest.progress import Done, Progress


@pytest.fixture
def settings(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


def test_status_says_what_is_missing(settings: World, capsys: pytest.CaptureFixture[str]) -> None:
    settings.deliver(SAMPLE)
    settings.take(*settings.upload_all({"clients": SAMPLE["clients"], "accounts": SAMPLE["accounts"]}, day="20220228"))
    assert main(["status"]) == 0
    lines = re.sub(r"\d+:\d\d:\d\d", "AGE", capsys.readouterr().out).splitlines()
    assert [line.split("  ") and " ".join(line.split()) for line in lines] == [
        "client date version state age missing",
        f"{CLIENT} {DAY} 1 sent AGE",
        f"{CLIENT} 20220228 1 waits for portfolios, transactions AGE portfolio_persisted, transaction_persisted, "
        "relation_established, deposits_summed, taxes_summed, transactions_counted, messages_sent",
    ]


def test_status_says_how_far_large_files_are(settings: World, capsys: pytest.CaptureFixture[str]) -> None:
    settings.take(settings.upload("clients", SAMPLE["clients"]))
    progress = Progress(boto3.client("dynamodb"), settings.functions.settings.progress_table)
    for done in (3, 2):  # the earlier note comes late
        progress.note(CLIENT, DAY, "content", Done("transactions chunks", done, 8))
    progress.note(CLIENT, DAY, "version 1", Done("sum_deposit", 5, 5))
    assert main(["status"]) == 0
    assert "  waits for portfolios, accounts, transactions (transactions chunks 3 of 8)  " in capsys.readouterr().out


def test_status_names_a_date_whose_only_file_is_being_loaded(
    settings: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = LargeFunctions(settings.functions)
    assert large.splitter.split(settings.upload("transactions", SAMPLE["transactions"])) == SPLIT
    assert main(["status"]) == 0
    (_, line) = capsys.readouterr().out.splitlines()
    state = "waits for clients, portfolios, accounts, transactions (transactions chunks 0 of 1)"
    assert line.startswith(f"{CLIENT}  {DAY}  -        {state}  ")


def test_explain_tells_a_delivery_without_its_values(settings: World, capsys: pytest.CaptureFixture[str]) -> None:
    settings.deliver({**SAMPLE, "accounts": SAMPLE["accounts"] + "\n3,99,x,EUR,0\n4,99,1,EUR,tax"})
    assert main(["explain", CLIENT, DAY]) == 0
    lines = re.sub(r" \(\d{4}-[^)]*\)|took [\d.]+ s", "", capsys.readouterr().out).splitlines()
    assert sorted(lines) == sorted([
        f"version 1: clients in/{CLIENT}/clients_{DAY}.csv: 2 rows loaded, 0 rejected",
        f"version 1: portfolios in/{CLIENT}/portfolios_{DAY}.csv: 2 rows loaded, 0 rejected",
        f"version 1: accounts in/{CLIENT}/accounts_{DAY}.csv: 2 rows loaded, 2 rejected",
        f"version 1: transactions in/{CLIENT}/transactions_{DAY}.csv: 2 rows loaded, 0 rejected",
        *(f"version 1: step {step} " for step in ("relationship", "sum_deposit", "transaction", "tax", "catapult")),
        "quarantine: 1 x accounts cash_balance: is not a number with at most 18 digits before and 9 after the point "
        "(first in line 4)",
        "quarantine: 1 x accounts taxes_paid: is not a number with at most 18 digits before and 9 after the point "
        "(first in line 5)",
        "version 1: client_message: 2 written, 2 sent, 0 of them corrections",
        "version 1: portfolio_message: 2 written, 2 sent, 0 of them corrections",
        "version 1: error_message: 2 written, 2 sent, 0 of them corrections",
    ])  # fmt: skip


@pytest.mark.parametrize("as_text", [True, False])
def test_a_batch_that_lambda_gave_up_is_taken_up_again(
    settings: World, capsys: pytest.CaptureFixture[str], as_text: bool
) -> None:
    settings.take(*settings.upload_all(SAMPLE))
    event = {"Records": settings.stream()}
    given_up = {"requestContext": {}, "payload": json.dumps(event, default=str) if as_text else event}
    key = "aws/lambda/mapping/shard/2026/11/29/batch"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(given_up, default=str))
    for _ in range(2):
        assert main(["replay", f"s3://{BUCKET}/aws/lambda/"]) == 0
    assert capsys.readouterr().out == f"s3://{BUCKET}/{key}: requests sent to relationship\n" * 2
    for _ in range(2):
        settings.work("relationship", delivery_of(settings.stream()[-1]))
    settings.settle(4)
    assert [sent.body for sent in settings.received()] == SAMPLE_MESSAGES


def test_portfolios_that_lambda_gave_up_are_announced_again(
    settings: World, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery = settings.delivery()
    details = [PortfolioEvent(delivery, name).to_json() for name in ("p1", "p2")] + ["{}"]
    records = [
        {"eventSource": "aws:kinesis", "kinesis": {"data": base64.b64encode(detail.encode()).decode()}}
        for detail in details
    ]  # fmt: skip
    body = json.dumps({"requestContext": {}, "payload": json.dumps({"Records": records})})
    boto3.client("s3").put_object(Bucket=BUCKET, Key="aws/lambda/batch", Body=body)
    assert main(["replay", f"s3://{BUCKET}/aws/lambda/"]) == 0
    asked = "announcer, none for 1 records without a portfolio"
    assert capsys.readouterr().out == f"s3://{BUCKET}/aws/lambda/batch: requests sent to {asked}\n"
    url = settings.functions.settings.stages + "announcer"
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert Delivery.from_json(message["Body"]) == delivery


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", CLIENT, "20220230"], "date: '20220230' is not a date such as 20220226"),
        (["replay", "bucket/key"], "replay: 'bucket/key' is not an address such as s3://bucket/aws/lambda/"),
        (["replay", f"s3://{BUCKET}/in/"], f"replay: in/{CLIENT}/clients_{DAY}.csv is not a batch of a stream that "
         "Lambda gave up on"),
    ],
)  # fmt: skip
def test_a_wrong_command_is_one_line(
    settings: World, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    settings.upload("clients", SAMPLE["clients"])
    assert main(arguments) == 1
    tried = [("replay", arguments[-1])] if arguments[0] == "replay" else []
    assert settings.rows("SELECT action, subject FROM dataharvest.audit") == tried
    assert capsys.readouterr().err == f"dataharvest: {message}\n"


def test_an_unknown_date_and_a_missing_setting_are_said(
    settings: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["explain", CLIENT, DAY]) == 0
    assert capsys.readouterr().out == f"there is no data of {CLIENT} on {DAY}\n"
    ((who, action, subject),) = settings.rows("SELECT who, action, subject FROM dataharvest.audit")
    assert who.startswith("arn:aws:")
    assert (action, subject) == ("explain", f"{CLIENT} {DAY}")
    monkeypatch.delenv("DATAHARVEST_PROGRESS_TABLE")
    assert main(["status"]) == 1
    assert capsys.readouterr().err == (
        "dataharvest: DATAHARVEST_PROGRESS_TABLE: is not set, but DATAHARVEST_CHUNK_TABLE or _BUS needs it\n"
    )
    monkeypatch.setenv("DATAHARVEST_PROGRESS_TABLE", "t")
    monkeypatch.setenv("DATAHARVEST_CHUNK_BYTES", "0")
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "dataharvest: DATAHARVEST_CHUNK_BYTES: '0' is not a whole number of at least 1\n"
    monkeypatch.delenv("DATAHARVEST_CHUNK_BYTES")
    monkeypatch.delenv("DATAHARVEST_KMS_KEY")
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "dataharvest: DATAHARVEST_KMS_KEY: is not set\n"
