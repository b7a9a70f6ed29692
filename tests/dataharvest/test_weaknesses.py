"""Faults of known solutions to the same task, in addition to those that the other modules exclude."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from crashes import Crash, crash_on, each_effect
from harvest_world import CLIENT, DAY, PORTFOLIO_1, SAMPLE, SAMPLE_MESSAGES, World
from psycopg import Connection

from dataharvest.catapult.sender import Sender
from dataharvest.functions import Functions
from estrela.errors import LoadError
from harvest_files.day import Day
from harvest_files.files import files


def test_sums_are_exact(world: World) -> None:
    amounts = ("0.10", "0.20", "123456789012345678.123456789", "-0.000000001")
    rows = [f"{at},12345678,d{at},{amount},DEPOSIT" for at, amount in enumerate(amounts)]
    header = SAMPLE["transactions"].splitlines()[0]
    sent = world.deliver({**SAMPLE, "transactions": "\n".join([header, *rows])})
    (portfolio,) = [message.body for message in sent if message.body.get("portfolio_reference") == PORTFOLIO_1]
    assert portfolio["sum_of_deposits"] == "123456789012345678.423456788"


def test_a_row_that_is_left_out_moves_no_money_to_another_account(world: World) -> None:
    """Rows are joined by key: the first account is unreadable, and the second keeps its own balance and taxes."""
    sent = world.deliver({**SAMPLE, "accounts": SAMPLE["accounts"].replace("15000.00", "15.000,00")})
    bodies = [message.body for message in sent]
    assert SAMPLE_MESSAGES[1] in bodies
    assert SAMPLE_MESSAGES[2] in bodies
    assert {**SAMPLE_MESSAGES[3], "cash_balance": None} in bodies


def test_a_plus_sign_is_in_no_message(world: World) -> None:
    files = {kind: SAMPLE[kind].replace(",801", ",+801").replace(",789.56", ", +789.56 ") for kind in SAMPLE}
    assert [message.body for message in world.deliver(files)] == SAMPLE_MESSAGES


def test_characters_that_sqs_does_not_keep_are_escaped(world: World) -> None:
    world.take(*world.upload_all({**SAMPLE, "clients": SAMPLE["clients"] + "\n3,A,B,c\x01\uffff,1"}))
    world.settle()
    url, matches = world.functions.settings.messages, []
    while (
        messages := boto3.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["key"])
        .get("Messages")
    ):
        matches += [
            candidate
            for candidate in messages
            if candidate["Body"].startswith('{"type": "client_message", "client_reference": "c')
        ]
    (message,) = matches
    assert message["Body"].startswith('{"type": "client_message", "client_reference": "c\\u0001\\uffff", ')
    assert message["MessageAttributes"]["key"]["StringValue"] == f"client_message/{CLIENT}/{DAY}/1/c\\u0001\\uffff"


def test_the_flag_of_the_last_file_is_set_by_the_repeated_event(world: World) -> None:
    """No later file arrives whose flag could set the missing flag too."""

    def die() -> None:
        raise Crash

    *first, last = world.upload_all(SAMPLE)
    world.take(*first)
    with pytest.raises(Crash), crash_on("before UpdateItem", die):
        world.take(last)
    world.restart()
    world.take(last)
    world.settle()
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES


def contents_of(day: Day) -> dict[str, str]:
    return {key.split("/")[1].split("_")[0]: b"".join(parts).decode() for key, parts in files(day)}


def statements(world: World, client: str, day: Day) -> int:
    """Return the number of statements to PostgreSQL in a whole delivery."""
    names: list[str] = []
    seen = len(world.stream())
    with each_effect(names.append):
        world.take(*world.upload_all(contents_of(day), client))
        world.settle(seen)
    return sum(name.startswith("before ") and name[7:].isupper() for name in names)


def test_statements_do_not_grow_with_the_rows(world: World) -> None:
    small = statements(world, "small", Day(clients=2, portfolios=2, transactions=20))
    assert statements(world, "large", Day(clients=20, portfolios=30, transactions=2_000)) == small


class AcceptingSqs:
    """SQS that accepts every message at once."""

    def send_message_batch(self, Entries: list[Any], **_: Any) -> Any:
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


def deliver_to_nobody(world: World, day: Day, client: str = CLIENT) -> None:
    """Deliver a day to an SQS that accepts all, and make PostgreSQL report the rows that it read."""
    functions = world.functions
    sender = Sender(functions.database, functions.vault, AcceptingSqs(), functions.settings.messages)  # type: ignore[arg-type]
    functions.__dict__["sender"] = sender
    seen = len(world.stream())
    world.take(*world.upload_all(contents_of(day), client))
    world.settle(seen)
    with functions.database.autocommit() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")  # else the counts of the last second may be missing


def test_sending_reads_no_message_again_and_again(world: World) -> None:
    """The number of outbox rows read for all batches grows linearly with the messages, not quadratically."""
    deliver_to_nobody(world, Day(clients=500, portfolios=500, transactions=500))
    query = "SELECT n_tup_ins, seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'outbox'"
    ((written, read),) = world.rows(query)
    assert written == 1000
    assert read < 2.5 * written


def test_steps_read_no_row_again_and_again(world: World) -> None:
    """Rows are joined as sets, though the planner's statistics are of the deliveries before."""
    for client in ("first", "second"):
        deliver_to_nobody(world, Day(clients=20, portfolios=20, transactions=40), client)
    with world.functions.database.transaction() as connection:
        connection.execute("ANALYZE")
    deliver_to_nobody(world, Day(clients=1000, portfolios=1000, transactions=2000))
    query = "SELECT relname, n_tup_ins, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
    tables = {name: (written, read) for name, written, read in world.rows(query)}
    for name in ("client_row", "portfolio_row", "account_row", "transaction_row", "relation"):
        written, read = tables[name]
        assert written >= 1000
        assert read < 20 * written, name


def test_a_standard_queue_is_fair_to_the_clients(world: World) -> None:
    url = boto3.client("sqs").create_queue(QueueName="messages")["QueueUrl"]
    world.functions.database.close()
    settings = replace(world.functions.settings, messages=url)
    world.functions = Functions(settings, world.functions.choreography)
    sent = world.deliver(SAMPLE)
    assert [message.body for message in sent] == SAMPLE_MESSAGES
    assert {message.group for message in sent} == {CLIENT}
    world.functions.database.close()


class RefusingSqs:
    """SQS that refuses the second message of each batch, once."""

    def __init__(self, real: Any) -> None:
        self._real, self._refused = real, False

    def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> Any:
        if self._refused:
            return self._real.send_message_batch(QueueUrl=QueueUrl, Entries=Entries)
        self._refused = True
        answer = self._real.send_message_batch(QueueUrl=QueueUrl, Entries=Entries[:1] + Entries[2:])
        failed = {"Id": Entries[1]["Id"], "SenderFault": False, "Code": "InternalError"}
        return {**answer, "Failed": [failed]}


class FailingSqs:
    """SQS whose second call fails."""

    def __init__(self, real: Any) -> None:
        self._real, self._calls = real, count(1)

    def send_message_batch(self, **given: Any) -> Any:
        if next(self._calls) == 2:
            raise EndpointConnectionError(endpoint_url="sqs")
        return self._real.send_message_batch(**given)


def test_a_call_that_fails_leaves_its_own_messages_to_be_sent(world: World) -> None:
    functions = world.functions
    functions.__dict__["sender"] = Sender(
        functions.database, functions.vault, FailingSqs(functions.sqs), functions.settings.messages
    )
    with pytest.raises(EndpointConnectionError):
        world.deliver(contents_of(Day(clients=12, portfolios=12, transactions=20)))
    assert functions.sender.send(CLIENT, Day().business_date) == 10
    assert len(world.received()) == 24


def test_one_call_sends_the_unsent_messages_of_all_versions_in_order(world: World) -> None:
    functions = world.functions
    world.deliver(SAMPLE)
    world.deliver({**SAMPLE, "accounts": SAMPLE["accounts"].replace("15000.00", "15001.00")})
    with functions.database.autocommit() as connection:
        connection.execute("UPDATE dataharvest.outbox SET sent_at = NULL")
    assert functions.sender.send(CLIENT, DAY) == len(SAMPLE_MESSAGES) + 1
    rows = world.rows("SELECT version, sent_at IS NOT NULL FROM dataharvest.outbox ORDER BY sent_at, outbox_id")
    assert rows == [(1, True)] * len(SAMPLE_MESSAGES) + [(2, True)]


def test_a_message_that_sqs_refuses_is_sent_later_and_the_others_once(world: World) -> None:
    functions = world.functions
    functions.__dict__["sender"] = Sender(
        functions.database, functions.vault, RefusingSqs(functions.sqs), functions.settings.messages
    )
    with pytest.raises(LoadError, match=r"^outbox: SQS refused 1 messages: InternalError$"):
        world.deliver(SAMPLE)
    assert functions.sender.send(CLIENT, DAY) == 1
    assert [message.body for message in world.received()] == SAMPLE_MESSAGES


def test_a_small_delivery_waits_seldom_for_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.deliver(SAMPLE)
    waits, wait = count(), Connection.wait

    def counted(connection: Connection[Any], *args: Any, **options: Any) -> Any:
        next(waits)
        return wait(connection, *args, **options)

    monkeypatch.setattr(Connection, "wait", counted)
    world.deliver(SAMPLE, day="20220227")
    assert next(waits) <= 134
