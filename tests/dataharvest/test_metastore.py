"""Flags of functions that write to one item at once: none is lost, and each is written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from harvest_world import CLIENT, DAY, SAMPLE, TABLE, World

from dataharvest.metastore import AT_ONCE, Metastore, Transition
from dataharvest.model.delivery import Delivery

DELIVERY = Delivery(CLIENT, DAY, 1)


class Interrupted:
    """A client of DynamoDB; another function does its work just before the write with the number ``at``."""

    def __init__(self, at: int, other: Callable[[], object]) -> None:
        self._real: Any = boto3.client("dynamodb")
        self._left, self._other = at, other
        self.exceptions = self._real.exceptions

    def update_item(self, **given: Any) -> Any:
        return self._write(self._real.update_item, given)

    def put_item(self, **given: Any) -> Any:
        return self._write(self._real.put_item, given)

    def _write(self, write: Callable[..., Any], given: dict[str, Any]) -> Any:
        if not self._left:
            self._other()
        self._left -= 1
        return write(**given)


@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("other_is_new", [False, True])
@pytest.mark.parametrize("at", range(3))
def test_flags_of_two_functions_at_once_are_all_set(world: World, is_new: bool, other_is_new: bool, at: int) -> None:
    plain = Metastore(boto3.client("dynamodb"), TABLE)
    other = Interrupted(at, lambda: plain.set_flags(DELIVERY, ("client_persisted",), is_new=other_is_new))
    Metastore(other, TABLE).set_flags(DELIVERY, ("account_persisted",), is_new=is_new)  # type: ignore[arg-type]
    item = plain.item(CLIENT, DAY) or {}
    flags = {flag for flag in ("client_persisted", "account_persisted") if item.get(flag)}
    happened = {"client_persisted"} if other._left < 0 else set()
    assert flags == {"account_persisted"} | happened
    assert len(world.stream()) == len(flags)


def test_flags_of_an_older_version_change_nothing(world: World) -> None:
    metastore = Metastore(boto3.client("dynamodb"), TABLE)
    assert metastore.set_flags(Delivery(CLIENT, DAY, 2), ("client_persisted",), is_new=True)
    before = metastore.item(CLIENT, DAY)
    for is_new in (False, True):
        assert not metastore.set_flags(DELIVERY, ("client_persisted", "account_persisted"), is_new=is_new)
    assert metastore.item(CLIENT, DAY) == before
    assert len(world.stream()) == 1


class Counting:
    """A client of DynamoDB that counts its calls."""

    def __init__(self) -> None:
        self._real: Any = boto3.client("dynamodb")
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls += [name] if name in ("update_item", "put_item", "batch_execute_statement") else []
        return getattr(self._real, name)


def test_flags_of_many_deliveries_are_set_in_one_call_for_25(world: World) -> None:
    deliveries = [Delivery(f"client{at}", DAY, 1) for at in range(AT_ONCE + 3)]
    client = Counting()
    metastore = Metastore(client, TABLE)  # type: ignore[arg-type]
    for delivery in deliveries:
        metastore.set_flags(delivery, ("client_persisted",), is_new=True)
    metastore.set_flags(deliveries[1], ("tax_calculated",))
    metastore.set_flags(Delivery("client2", DAY, 2), ("client_persisted",), is_new=True)
    client.calls.clear()
    seen = len(world.stream())
    new, newer = Delivery("new", DAY, 1), Delivery("client3", DAY, 2)
    changes = [Transition(each, ("tax_calculated",), {"is_large": True}) for each in (*deliveries, new, newer)]
    assert metastore.set_all(changes) == [None] * len(changes)
    assert client.calls.count("batch_execute_statement") == 2
    changed = [record["dynamodb"] for record in world.stream(seen)]
    assert len(changed) == len(changes) - 2, "not those of a flag that is set and of an older version"
    for image in (change["NewImage"] for change in changed):
        assert (image["tax_calculated"], image["is_large"]) == ({"BOOL": True}, {"BOOL": True})
        assert "tax_calculated_at" in image
    versions = {item["partition_key"]: (item["version"], item.get("tax_calculated")) for item in metastore.items()}
    assert (versions["client2"], versions["client3"], versions["new"]) == ((2, None), (2, True), (1, True))


def test_a_date_may_be_among_the_others_twice(world: World) -> None:
    """A queue delivers a message twice, or asks for two versions of a date at once."""
    client = Counting()
    metastore = Metastore(client, TABLE)  # type: ignore[arg-type]
    other, newer = Delivery("other", DAY, 1), Delivery(CLIENT, DAY, 2)
    changes = [Transition(each, ("client_persisted",), is_new=True) for each in (DELIVERY, DELIVERY, newer, other)]
    assert metastore.set_all(changes) == [None] * 4
    assert metastore.set_all(changes[:2]) == [None] * 2
    assert client.calls.count("batch_execute_statement") == 1
    assert [(item["partition_key"], item["version"]) for item in metastore.items()] == [(CLIENT, 2), ("other", 1)]
    assert len(world.stream()) == 3


def test_flags_that_dynamodb_does_not_take_are_reported_one_by_one(world: World) -> None:
    table = boto3.client("dynamodb")
    world.take(*world.upload_all(SAMPLE))
    changes = [Transition(world.delivery(), ("relation_established",)), Transition(DELIVERY, ("tax_calculated",))]
    gone = Metastore(table, "gone")
    changes += [Transition(Delivery("other", DAY, 1), ("tax_calculated",))]
    problem = "An error occurred (ResourceNotFoundException) when calling the UpdateItem operation"
    assert [str(error) for error in gone.set_all(changes)] == 3 * [f"{problem}: Requested resource not found"]
    assert gone.set_all([]) == []
