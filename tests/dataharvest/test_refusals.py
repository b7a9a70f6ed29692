"""Refused files, and values that must not appear in logs or errors."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest
from harvest_world import BUCKET, CLIENT, SAMPLE, World

from dataharvest.model.delivery import DeliveredObject
from dataharvest.persistence.persist import FOREIGN, REFUSED, REPLACED

HEADER = "record_id,account_number,transaction_reference,amount,keyword\n"


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("transactions", "record_id,amount\n1,2\n", "its first line must name the columns record_id,account_number,"
         "transaction_reference,amount,keyword"),
        ("clients", "", "its first line must name the columns record_id,first_name,last_name,client_reference,"
         "tax_free_allowance"),
        ("transactions", HEADER + '1,"' + "a" * 200_000, "it is not valid CSV after line 1: field larger than field "
         "limit (131072)"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_as_a_whole_and_said_so(
    world: World, kind: str, content: str, reason: str
) -> None:
    event = world.upload(kind, content)
    for _ in range(2):
        assert world.functions.persistence.take(event) == REFUSED
    (sent,) = world.received()
    assert sent.body["message"] == f"{kind}: the file {event.key} is refused: {reason}"
    assert world.rows("SELECT refused_because FROM dataharvest.delivered_file") == [(reason,)]
    assert world.functions.metastore.items() == []
    assert len(world.deliver(SAMPLE)) == 4


def test_another_file_that_is_refused_for_the_same_reason_is_said_so_again(world: World) -> None:
    events = [world.upload("clients", f"no,such,header\n{at}") for at in range(2)]
    assert [world.functions.persistence.take(event) for event in events] == [REFUSED] * 2
    first, second = world.received()
    assert first.body == second.body


def test_what_is_no_delivered_file_is_left_alone(world: World) -> None:
    assert world.functions.persistence.take(DeliveredObject(BUCKET, "in/EXT/notes.txt", "e", "1")) == FOREIGN


def test_an_object_that_was_overwritten_waits_for_its_own_event(world: World) -> None:
    old = world.upload("clients", SAMPLE["clients"])
    world.upload("clients", SAMPLE["clients"].replace("801", "5"))
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=old.key, VersionId=old.version_id)
    assert world.functions.persistence.take(old) == REPLACED
    assert world.functions.persistence.take(replace(old, version_id="")) == REPLACED
    assert world.rows("SELECT * FROM dataharvest.delivered_file") == []


def test_sensitive_values_are_in_no_table_in_plain_text(world: World) -> None:
    clients = SAMPLE["clients"].replace(",801", ",801.4711") + "\n3,Zoë,Secretname,c3,much"
    world.take(*world.upload_all({**SAMPLE, "clients": clients}))
    world.settle()
    tables = world.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dataharvest'")
    assert len(tables) > 10
    for (table,) in tables:
        for row in world.rows(f"SELECT t::text FROM dataharvest.{table} t"):
            for secret in ("Frida", "Müller", "801.4711", "789.56", "Secretname", "much"):
                # The column taxes_paid is sensitive, but not the amount of a TAX transaction.
                assert secret not in row[0] or (secret, table) == ("789.56", "transaction_row"), (secret, table)
    assert world.rows("SELECT value FROM dataharvest.quarantine WHERE line = 4") == [("(sensitive)",)]
    key = world.functions.vault.key(CLIENT, "20220226")
    names = world.rows("SELECT first_name FROM dataharvest.client_row ORDER BY record_id")
    assert [key.open(name, "first_name") for (name,) in names] == ["Frida", "Fritz"]
