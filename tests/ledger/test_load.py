"""Files are registered once and loaded once."""

from __future__ import annotations

from ledger_warehouse import HEADER, Warehouse, csv, sales_feed

from estrela.model.feed import RowTolerance


def test_a_file_is_loaded_once_however_many_events_name_it(warehouse: Warehouse) -> None:
    event = warehouse.put("sales/1.csv", csv(1, 2))
    assert warehouse.register_events(event, event) == 1
    assert warehouse.list() == 0
    assert warehouse.load() == ""
    warehouse.register_events(event)
    warehouse.list()
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2]
    assert warehouse.query(
        "SELECT state, events_seen, listings_seen, rows_in, rows_loaded, rows_rejected, attempts FROM ledger.files"
    ) == [("Done", 3, 1, 2, 2, 0, 1)]


def test_rejects_tell_what_is_wrong_where(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(tolerance=RowTolerance(rows=4))}
    bad = (
        HEADER + '1,2024-01-02,"A, B",1.5,true,\nx,2024-01-02,a,,,\n2,2024-02-30,a,,,\n3,,a,1.234,,\n4\n'
        '5,,  trimmed ,,false,2024-01-02 03:04:05\n'
    )  # fmt: skip
    warehouse.register_events(warehouse.put("sales/1.csv", bad.encode()))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, name, source_line FROM mart.sales ORDER BY id") == [
        (1, "A, B", 2),
        (5, "trimmed", 7),
    ]
    assert warehouse.query("SELECT line, column_name, value, code, reason FROM ledger.rejects ORDER BY line") == [
        (3, "id", "x", "unreadable", "a whole number is allowed"),
        (4, "day", "2024-02-30", "unreadable", "a date yyyy-MM-dd is allowed"),
        (5, "amount", "1.234", "unreadable", "a number with decimal mark '.' that fits decimal(10,2) is allowed"),
        (6, "", "1 fields", "shape", "the row does not have the 6 fields of the header"),
    ]
    assert warehouse.query("SELECT rows_in, rows_loaded, rows_rejected FROM ledger.files") == [(6, 2, 4)]


def test_one_bad_row_above_the_limit_loads_nothing(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(tolerance=RowTolerance(rows=1))}
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1) + b"x,,,,,\ny,,,,,\n"))
    assert warehouse.load() == (
        f"sales: 1 file was not loaded: sales: s3://{warehouse.bucket}/sales/1.csv: 2 of 3 rows are bad, more than "
        "the feed tolerates; the first: line 3, column id: 'x': a whole number is allowed"
    )
    assert warehouse.states() == [("sales/1.csv", "Fail")]
    assert not warehouse.has_table()
    assert warehouse.query("SELECT line, is_counted FROM ledger.rejects") == [(3, False), (4, False)]
