"""Flags of functions that write to one item at once: none is lost, and each is written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from harvest_world import CLIENT, DAY, TABLE, World

from dataharvest.metastore import Metastore
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
