"""``dataharvest forget``: nothing about one client is left, and everything about the others is."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import psycopg
import pytest
from crashes import Crash, crash_at
from harvest_world import BUCKET, CLIENT, DAY, FRIDA, FRITZ, PORTFOLIO_1, PORTFOLIO_2, SAMPLE, SAMPLE_MESSAGES, World
from large_work import LIMITS, Bus, LargeWork, settle
from psycopg.conninfo import make_conninfo

from dataharvest.cli import main
from dataharvest.erasure import group_walk
from dataharvest.given_up import records_of, text_of
from dataharvest.model.delivery import DeliveredObject
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.resources import CHUNKS, SPLITTER


@pytest.fixture(autouse=True)
def no_long_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto would wait the whole second for which a search waits for further messages."""
    monkeypatch.setattr(group_walk, "WAIT_SECONDS", 0)


@pytest.fixture
def settings(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return world


def holdings(world: World) -> str:
    """Return the content of all tables, object versions and messages as text, without encrypted columns."""
    texts = []
    for (table,) in world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'dataharvest'"):
        texts += [f"{table} {row[0]}" for row in world.rows(f"SELECT t::text FROM dataharvest.{table} t")]
    s3 = boto3.client("s3")
    for entry in s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        body = s3.get_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])["Body"].read()
        texts.append(f"{entry['Key']} {body.decode()}")
    return "\n".join(texts)


def naming(held: str, *names: str) -> list[str]:
    """Return the lines that contain one of the names as a word."""
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    return [line for line in held.splitlines() if pattern.search(line)]


def put_batch(world: World, *portfolios: str) -> None:
    """Write a batch to S3, as Lambda does after it gives the batch up."""
    details = [PortfolioEvent(world.delivery(), portfolio).to_json().encode() for portfolio in portfolios]
    records = [{"kinesis": {"data": base64.b64encode(detail).decode()}} for detail in details]
    body = json.dumps({"requestContext": {}, "payload": json.dumps({"Records": records})})
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"aws/lambda/{len(portfolios)}", Body=body)


def batches() -> list[list[str]]:
    """Return the portfolios of each version of each batch in S3."""
    s3, portfolios = boto3.client("s3"), []
    for entry in s3.list_object_versions(Bucket=BUCKET, Prefix="aws/lambda/").get("Versions", []):
        content = s3.get_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])["Body"].read()
        records = records_of("test", entry["Key"], content)
        portfolios.append([PortfolioEvent.from_json(text_of(record)).portfolio_reference for record in records])
    return portfolios


def newest(kind: str) -> str:
    key = f"in/{CLIENT}/{kind}_{DAY}.csv"
    return str(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())


def test_nothing_of_a_client_is_left_and_everything_of_the_others_is(
    settings: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world = settings
    errors = {
        **SAMPLE,
        "accounts": SAMPLE["accounts"] + "\n3,12345678,5,EUR,0",  # a repeated row of hers
        "transactions": SAMPLE["transactions"] + f"\n3,12345678,t3,much,DEPOSIT\n4,12345678\n5,{FRIDA},x,1,GIFT",
    }
    world.take(world.upload("clients", SAMPLE["clients"].replace("801", "803"), prefix="first"))
    world.take(*world.upload_all(errors))
    world.take(world.upload("clients", SAMPLE["clients"].replace("801", "802")))  # a correction: two versions of it
    put_batch(world, PORTFOLIO_1, PORTFOLIO_2)
    put_batch(world, PORTFOLIO_1)
    world.settle()
    assert FRIDA in holdings(world)
    assert main(["forget", FRIDA]) == 0
    assert capsys.readouterr().out.endswith(
        f"no data remains in tables, {BUCKET}, messages and streams; 1 dates searched\n"
    )
    held = holdings(world)
    assert batches() == [[PORTFOLIO_2]]
    # A file that a newer object replaced is deleted and not rewritten, because the rewritten file would be the newest.
    assert not [line for line in held.splitlines() if line.startswith("first/")]
    assert naming(held, FRIDA, PORTFOLIO_1, "12345678", "Frida", "14e56786") == []
    assert newest("clients") == SAMPLE["clients"].splitlines()[0] + "\n" + SAMPLE["clients"].splitlines()[2]
    assert newest("transactions") == "\n".join(SAMPLE["transactions"].splitlines()[::2]) + "\n"
    sent = world.received()
    assert [message.body for message in sent if message.body["type"] != "error_message"] == SAMPLE_MESSAGES[1:3]
    assert not any(name in json.dumps(message.body) for message in sent for name in (FRIDA, PORTFOLIO_1, "12345678"))
    audited = world.rows("SELECT action, subject FROM dataharvest.audit")
    assert [(action, subject[:7]) for action, subject in audited] == [("forget", "sha256:")]
    assert main(["forget", FRIDA]) == 0
    assert capsys.readouterr().out == f"no data remains in tables, {BUCKET}, messages and streams; 0 dates searched\n"


def test_the_event_of_a_rewritten_file_changes_nothing(settings: World) -> None:
    world = settings
    world.deliver(SAMPLE)
    assert main(["forget", FRIDA]) == 0
    seen = len(world.stream())
    for entry in boto3.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]:
        event = DeliveredObject(
            BUCKET, entry["Key"], entry["ETag"].strip('"'), "0" * 15 + "4F", entry["Size"], entry["VersionId"]
        )
        assert world.functions.persistence.take(event) == "persisted"
    assert len(world.stream()) == seen
    world.take(world.upload("accounts", newest("accounts").replace("-56.00", "-57.00")))
    world.settle(seen)
    (sent,) = world.received()
    assert sent.body == {**SAMPLE_MESSAGES[2], "cash_balance": "-57.00"}
    assert sent.attributes["corrects"] == "1"


def test_an_account_of_several_clients_stays(settings: World) -> None:
    world = settings
    shared = SAMPLE["portfolios"] + f"\n3,12345678,pf3,{FRITZ},X"
    world.deliver({**SAMPLE, "portfolios": shared})
    assert main(["forget", FRIDA]) == 0
    assert "12345678,15000.00" in newest("accounts")
    assert FRIDA not in holdings(world)


def test_messages_that_were_not_sent_are_not_sent(settings: World) -> None:
    world = settings
    events = world.upload_all(SAMPLE)
    world.take(*events)
    assert main(["forget", FRIDA]) == 0
    world.settle()
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES[1:3]


def test_a_forgetting_that_was_interrupted_is_done_again(settings: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one waits until messages that the interrupted one received are visible again."""
    monkeypatch.setattr(group_walk, "HELD_SECONDS", 1)
    monkeypatch.setattr(group_walk, "IDLE_PAUSE_SECONDS", 0.2)
    world = settings

    def die() -> None:
        raise Crash

    world.take(*world.upload_all(SAMPLE))
    world.settle()
    for effect in (12, 30, 55, 70):
        try:
            with crash_at(effect, die):
                main(["forget", FRIDA])
        except Crash:
            continue
    assert main(["forget", FRIDA]) == 0
    held = holdings(world)
    assert naming(held, FRIDA, PORTFOLIO_1, "12345678") == []
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES[1:3]
    assert PORTFOLIO_2 in held


def test_large_deliveries_are_forgotten_when_they_are_calculated(
    new_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_world(**LIMITS) as world:
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        work, events = LargeWork(world.functions, Bus(), wave=1), world.upload_all(SAMPLE)
        work.run(SPLITTER, events[3])
        chunks = [asked for name, asked in work.asked() if name == CHUNKS]
        work.run(CHUNKS, chunks[0])
        assert main(["forget", FRIDA]) == 0
        assert FRIDA not in holdings(world)
        assert {work.run(CHUNKS, chunk) for chunk in chunks} == {"chunk of a file that is not known"}
        taken = world.upload_all(SAMPLE)
        world.take(*taken)
        settle(world, work, [], 0)
        world.rows("UPDATE dataharvest.portfolio_progress SET done = 1 RETURNING 1")
        capsys.readouterr()
        assert main(["forget", FRIDA]) == 1
        assert capsys.readouterr().err == (
            f"dataharvest: forget: {CLIENT} {DAY} is being calculated; run forget again once it is sent\n"
        )
        world.rows("UPDATE dataharvest.portfolio_progress SET done = 2 RETURNING 1")
        event = PortfolioEvent(world.delivery(), PORTFOLIO_1).to_json().encode()
        boto3.client("kinesis").put_record(StreamName="dataharvest-deposits", Data=event, PartitionKey=PORTFOLIO_1)
        assert main(["forget", FRIDA]) == 1
        assert capsys.readouterr().err == (
            "dataharvest: forget: some data remains; run forget again, and see what writes it: stream "
            "dataharvest-deposits: 1 records, gone when their 24 hours of retention end\n"
        )
        assert FRIDA not in holdings(world)


def test_a_file_without_the_client_is_loaded_to_its_end(
    new_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some chunks are loaded before the client is forgotten, the others after."""
    with new_world(**LIMITS) as world:
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        header, _, *others = SAMPLE["transactions"].splitlines()
        rows = [*others, others[0].replace("dfeb", "eeee")]
        event, work = world.upload("transactions", "\n".join([header, *rows])), LargeWork(world.functions, Bus())
        work.run(SPLITTER, event)
        first, *rest = [asked for name, asked in work.asked() if name == CHUNKS]
        work.run(CHUNKS, first)
        world.upload("clients", SAMPLE["clients"])
        assert main(["forget", FRIDA]) == 0
        assert [work.run(CHUNKS, chunk) for chunk in rest] == ["persisted"]
        assert world.rows("SELECT rows_loaded FROM dataharvest.delivered_file") == [(2,)]


def test_whoever_was_forgotten_is_forgotten_again_in_a_restored_backup(
    settings: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world, secrets = settings, boto3.client("secretsmanager")
    monkeypatch.setenv("DATAHARVEST_FORGOTTEN", f"s3://{BUCKET}/forgotten/")
    world.deliver(SAMPLE)
    login = json.loads(secrets.get_secret_value(SecretId="dataharvest/db")["SecretString"])
    backup = f"{login['dbname']}_backup"
    world.functions.database.close()
    own = {"user" if name == "username" else name: value for name, value in login.items() if value}
    maintenance = make_conninfo("", **{**own, "dbname": "postgres"})
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {backup} TEMPLATE {login['dbname']}")  # type: ignore[arg-type]
        assert main(["forget", FRIDA]) == 0
        secrets.put_secret_value(SecretId="dataharvest/db", SecretString=json.dumps({**login, "dbname": backup}))
        world.restart()
        assert FRIDA in holdings(world)
        capsys.readouterr()
        for count in (1, 0):
            assert main(["forget-again"]) == 0
            last = capsys.readouterr().out.splitlines()[-1]
            assert last == f"{count} of the 1 clients that were forgotten earlier were in the database"
        assert naming(holdings(world), FRIDA, PORTFOLIO_1, "12345678") == []
        assert PORTFOLIO_2 in holdings(world)
        world.functions.database.close()
        connection.execute(f"DROP DATABASE {backup} WITH (FORCE)")  # type: ignore[arg-type]


def test_data_keys_are_encrypted_with_a_new_kms_key(
    settings: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = settings
    world.take(*world.upload_all(SAMPLE))
    new = boto3.client("kms").create_key()["KeyMetadata"]
    monkeypatch.setenv("DATAHARVEST_KMS_KEY", new["KeyId"])
    for expected in (1, 0):
        assert main(["rotate-keys"]) == 0
        assert capsys.readouterr().out == f"{expected} data keys re-encrypted\n"
    assert world.rows("SELECT kms_key FROM dataharvest.data_key") == [(new["Arn"],)]
    world.environment["DATAHARVEST_KMS_KEY"] = new["KeyId"]
    world.restart()
    world.settle()
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES
