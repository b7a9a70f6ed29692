"""After any history of arrivals, faults and corrections the warehouse equals a model of ten lines."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from killed import expire, load_and_die
from ledger_warehouse import Warehouse, csv, sales_feed

from estrela.errors import LoadError
from estrela.ledger.arrivals import listed
from estrela.model.feed import Order, RowTolerance
from estrela.model.feed_engine import POSTGRES, Engine, Redshift
from localaws.running import Running

KEYS = ("sales/1.csv", "sales/2.csv", "sales/3.csv")


@dataclass
class Model:
    """Waiting files, failed files, and the content of the table: IDs by key."""

    waiting: dict[str, list[int] | None] = field(default_factory=dict)
    failed: dict[str, None] = field(default_factory=dict)
    table: dict[str, list[int]] = field(default_factory=dict)

    def arrive(self, key: str, ids: list[int] | None) -> None:
        self.failed.pop(key, None)
        self.waiting[key] = ids

    def load(self) -> None:
        for key, ids in self.waiting.items():
            if ids is None:
                self.failed[key] = None
            else:
                self.table[key] = ids
        self.waiting.clear()


class History:
    """Random events that happen to a warehouse and to the model of it.

    Files arrive a second apart by a clock of the history: listings are exact to the second.
    """

    def __init__(self, warehouse: Warehouse, seed: int, client: Any) -> None:
        self.warehouse, self.client, self.chance, self.model = warehouse, client, random.Random(seed), Model()
        self.unregistered: dict[str, list[int] | None] = {}
        self.told: list[dict[str, Any]] = []
        self.number = 0
        self.clock, self.times = datetime.now(UTC).replace(microsecond=0), dict[str, datetime]()

    def happen(self) -> None:
        """Let one random event happen."""
        things = (self.arrive, self.arrive, self.lose, self.repeat, self.list, self.load, self.die, self.retry,
                  self.withdraw, self.replay)  # fmt: skip
        self.chance.choice(things)()

    def _put(self) -> tuple[str, list[int] | None, dict[str, Any]]:
        self.number += 1
        self.clock += timedelta(seconds=1)
        key, ids = self.chance.choice(KEYS), [self.number * 10, self.number * 10 + 1]
        is_broken = self.chance.random() < 0.2
        body = b"broken\n" if is_broken else csv(*ids) + b"x,,,,,\n"
        event = self.warehouse.put(key, body)
        record = event["Records"][0]
        record["eventTime"] = self.clock.isoformat()
        self.times[record["s3"]["object"]["versionId"]] = self.clock
        return key, None if is_broken else ids, event

    def arrive(self) -> None:
        key, ids, event = self._put()
        self.unregistered.pop(key, None)
        self.warehouse.register_events(event)
        self.told.append(event)
        self.model.arrive(key, ids)

    def lose(self) -> None:
        key, ids, _ = self._put()
        self.unregistered[key] = ids

    def repeat(self) -> None:
        for event in self.chance.sample(self.told, min(2, len(self.told))):
            self.warehouse.register_events(event)

    def list(self) -> None:
        shown = [
            replace(arrival, arrived_at=self.times.get(arrival.version, arrival.arrived_at))
            for arrival in listed(self.warehouse.s3, self.warehouse.bucket, "")
        ]
        self.warehouse.register.register(shown, "listing", by_event=False)
        for key, ids in self.unregistered.items():
            self.model.arrive(key, ids)
        self.unregistered.clear()

    def load(self) -> None:
        self.warehouse.load()
        self.model.load()

    def die(self) -> None:
        load_and_die(self.warehouse, self.chance.randint(1, 40), self.client)
        expire(self.warehouse)
        self.load()

    def retry(self) -> None:
        for key in self.model.failed:
            self.model.waiting[key] = None
            ledger = self.warehouse.ledger
            ledger.retry(key, "operator", "again")
        self.model.failed.clear()

    def withdraw(self) -> None:
        key = self.chance.choice(KEYS)
        rows = self.warehouse.query(
            f"SELECT id FROM ledger.files WHERE key = '{key}' AND state = 'Done' AND superseded_by IS NULL"
        )
        assert len(rows) == (key in self.model.table)
        for (id_,) in rows:
            self.warehouse.changes.withdraw(self.warehouse.feeds["sales"], id_, "operator", "sent by mistake")
            del self.model.table[key]

    def replay(self) -> None:
        feed = self.warehouse.feeds["sales"]
        for file in self.warehouse.changes.with_rejects(feed):
            assert self.warehouse.changes.replay(feed, file, "operator").loaded == 0

    def check(self) -> None:
        """Load everything that waits and compare the warehouse with the model."""
        self.list()
        self.load()
        assert self.warehouse.ids() == sorted(row_id for ids in self.model.table.values() for row_id in ids)
        assert self.warehouse.query("SELECT count(*) FROM ledger.files WHERE state IN ('New', 'In Progress')") == [(0,)]
        current = "state = 'Done' AND superseded_by IS NULL"
        wrong = "rows_in <> rows_loaded + rows_rejected"
        assert self.warehouse.query(f"SELECT id FROM ledger.files WHERE {current} AND ({wrong})") == []
        loaded = self.warehouse.query(f"SELECT id, rows_loaded FROM ledger.files WHERE {current} AND rows_loaded <> 0")
        in_table = self.warehouse.target("SELECT source_file, count(*) FROM mart.sales GROUP BY source_file")
        assert sorted(loaded) == sorted(in_table)


def run_history(warehouse: Warehouse, aws: Running, seed: int, length: int, engine: Engine = POSTGRES) -> None:
    warehouse.feeds = {"sales": sales_feed(order=Order.ALL, tolerance=RowTolerance(rows=1), engine=engine)}
    history = History(warehouse, seed, aws.client)
    history.arrive()
    for _ in range(length):
        history.happen()
    warehouse.register_events(warehouse.put("sales/9.csv", csv(9)))
    history.model.arrive("sales/9.csv", [9])
    history.check()


@pytest.mark.parametrize("seed", range(3))
def test_the_warehouse_equals_the_model(warehouse: Warehouse, aws: Running, seed: int) -> None:
    run_history(warehouse, aws, seed, 15)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_the_warehouse_equals_the_model_after_long_histories(warehouse: Warehouse, aws: Running, seed: int) -> None:
    run_history(warehouse, aws, seed, 60)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 210))
def test_redshift_equals_the_model_after_long_histories(redshift_warehouse: Warehouse, aws: Running, seed: int) -> None:
    run_history(redshift_warehouse, aws, seed, 40, Redshift())


def test_only_files_that_need_it_can_be_retried(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    with pytest.raises(LoadError) as caught:
        warehouse.ledger.retry("1", "operator", "why not")
    assert str(caught.value) == "1: its state is New; only files in state Fail, Rejected, Filtered Out can be retried"
