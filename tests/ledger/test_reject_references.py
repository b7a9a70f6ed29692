"""A reject belongs to a load of its file, which stays as long as the reject."""

from __future__ import annotations

import pytest
from ledger_warehouse import HEADER, Warehouse, csv, sales_feed

from estrela.errors import LoadError
from estrela.model.feed import RowTolerance

REJECT = """
INSERT INTO ledger.rejects (load, file, line, column_name, value, code, reason, raw_line, is_counted)
SELECT {}, {}, line, 'id', 'x', 'unreadable', '', '', true FROM generate_series(1, 3) line
"""
DELETE = "DELETE FROM ledger.loads WHERE kind = 'load'"


@pytest.fixture
def rejected(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a load 1 of file 1 that has one reject, and a load 2 of file 2 without rejects."""
    warehouse.feeds = {"sales": sales_feed(tolerance=RowTolerance(rows=1))}
    for number, body in ((1, (HEADER + "x,,,,,\n").encode() + csv(1)[len(HEADER) :]), (2, csv(2))):
        warehouse.register_events(warehouse.put(f"sales/{number}.csv", body))
        assert warehouse.load() == ""
    assert warehouse.query("SELECT id, file, rows_rejected FROM ledger.loads ORDER BY id") == [(1, 1, 1), (2, 2, 0)]
    return warehouse


@pytest.mark.parametrize(("load", "file"), [(9, 1), (1, 9), (2, 1)])
def test_rejects_need_a_load_of_their_file(rejected: Warehouse, load: int, file: int) -> None:
    with pytest.raises(LoadError, match=f"rejects of load {load} and file {file}: no such load"):
        rejected.query(REJECT.format(load, file))
    rejected.query(REJECT.format(2, 2))
    assert rejected.query("SELECT load, file, count(*) FROM ledger.rejects GROUP BY load, file ORDER BY load") == [
        (1, 1, 1),
        (2, 2, 3),
    ]


def test_a_load_with_rejects_stays(rejected: Warehouse) -> None:
    for statement in (f"{DELETE} AND id = 1", "UPDATE ledger.loads SET file = 2 WHERE id = 1"):
        with pytest.raises(LoadError, match="load 1 has rejects"):
            rejected.query(statement)
    rejected.query(f"{DELETE} AND id = 2")
    assert rejected.query("SELECT id, file FROM ledger.loads") == [(1, 1)]


def test_rejects_keep_their_load(rejected: Warehouse) -> None:
    for column in ("load", "file"):
        with pytest.raises(LoadError, match="a reject keeps its load and file"):
            rejected.query(f"UPDATE ledger.rejects SET {column} = 2")


def test_a_load_cannot_be_deleted_while_its_rejects_are_written(rejected: Warehouse) -> None:
    with rejected.database.transaction("ledger.rejects") as cursor:
        cursor.execute(REJECT.format(2, 2))
        with pytest.raises(LoadError, match="lock timeout"):
            rejected.query(f"SET LOCAL lock_timeout = '100ms'; {DELETE} AND id = 2")
    with pytest.raises(LoadError, match="load 2 has rejects"):
        rejected.query(f"{DELETE} AND id = 2")
