"""The sample of the task, from the four files to the messages."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
from harvest_world import CLIENT, DAY, FRIDA, PORTFOLIO_1, PORTFOLIO_2, SAMPLE, SAMPLE_MESSAGES, World

from dataharvest.functions import Functions
from dataharvest.model.choreography import assemble, choreography
from dataharvest.model.transformer import PORTFOLIO, Transformer, Value


def test_the_sample_gives_exactly_its_messages(world: World) -> None:
    sent = world.deliver(SAMPLE)
    assert [message.body for message in sent] == SAMPLE_MESSAGES
    assert [message.key for message in sent[:1]] == [f"client_message/{CLIENT}/{DAY}/1/{FRIDA}"]
    assert sent[0].attributes == {
        "external_client": CLIENT, "business_date": DAY, "version": "1", "key": sent[0].key,
    }  # fmt: skip
    assert [message.group for message in sent[1:3]] == [sent[1].body["client_reference"], PORTFOLIO_2]


def test_the_metastore_ends_with_every_flag(world: World) -> None:
    world.deliver(SAMPLE)
    item = world.functions.metastore.item(CLIENT, DAY)
    assert item is not None
    flags = {name: value for name, value in item.items() if not name.endswith("_at")}
    assert flags == {
        "partition_key": CLIENT, "sort_key": DAY, "version": 1, "client_persisted": True, "portfolio_persisted": True,
        "account_persisted": True, "transaction_persisted": True, "relation_established": True,
        "deposits_summed": True, "transactions_counted": True, "taxes_summed": True, "messages_sent": True,
    }  # fmt: skip
    assert len(world.stream()) == 9  # four files, four transformers, the catapult


def test_everything_delivered_again_changes_nothing(world: World) -> None:
    events = world.upload_all(SAMPLE)
    for _ in range(3):
        world.take(*events)
    for _ in range(3):
        world.settle()
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES
    counts = "SELECT (SELECT count(*) FROM dataharvest.relation), (SELECT count(*) FROM dataharvest.derived_value)"
    assert world.rows(counts) == [(2, 8)]  # two portfolios with three values each, two clients with one
    assert len(world.stream()) == 9


def test_the_documented_transformer_needs_no_other_change(world: World) -> None:
    text = (Path(__file__).parents[2] / "docs" / "dataharvest.md").read_text("utf-8")
    namespace: dict[str, object] = {"Transformer": Transformer, "Value": Value, "PORTFOLIO": PORTFOLIO}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], namespace)
    declared = assemble([*choreography().transformers, namespace["fees"]])  # type: ignore[list-item]
    boto3.client("sqs").create_queue(QueueName="dataharvest-fees")
    world.functions = Functions(world.functions.settings, declared)
    sent = world.deliver({**SAMPLE, "transactions": SAMPLE["transactions"] + "\n3,12345678,f1,2.50,FEE"})
    fees = {
        message.body["portfolio_reference"]: message.body["sum_of_fees"]
        for message in sent
        if "sum_of_fees" in message.body
    }
    assert fees == {PORTFOLIO_1: "2.50", PORTFOLIO_2: "0"}
    world.functions.database.close()
