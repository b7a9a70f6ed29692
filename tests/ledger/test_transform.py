"""New files are converted as a trial run: counts and rejects are known before the target is changed."""

from __future__ import annotations

import io
import zipfile

import pytest
from ledger_warehouse import Warehouse, csv, sales_feed

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.steps.transform_feed import TransformFeed
from estrela.hooks.landed_files import LandedFiles
from estrela.model.feed import Load, Order, RowTolerance
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import S3Drop

BAD = b"x,,,,,\n"


def trial(warehouse: Warehouse) -> TransformFeed:
    feed = warehouse.feeds["sales"]
    return TransformFeed(feed, warehouse.claims, LandedFiles(warehouse.s3), Judge.of(feed, b""), "trial")


def test_rows_are_counted_and_nothing_changes(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(tolerance=RowTolerance(rows=1))}
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1, 2)), warehouse.put("sales/2.csv", csv(3) + BAD))
    assert trial(warehouse).run() == {"feed": "sales", "files": 2, "rows_in": 4, "rows_rejected": 1}
    assert warehouse.states() == [("sales/1.csv", "New"), ("sales/2.csv", "New")]
    assert warehouse.query("SELECT to_regclass('mart.sales')") == [(None,)]
    assert warehouse.query("SELECT attempts, rows_in FROM ledger.files") == [(0, None), (0, None)]


def test_what_cannot_be_loaded_is_named_before_it_is_tried(warehouse: Warehouse) -> None:
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1)),
        warehouse.put("sales/2.csv", csv(2) + BAD),
        warehouse.put("sales/3.csv", b"a\n"),
    )
    with pytest.raises(FileRefusedError) as caught:
        trial(warehouse).run()
    assert str(caught.value) == (
        f"sales: s3://{warehouse.bucket}/sales/2.csv: 1 of 2 rows are bad, more than the feed tolerates; also "
        f"refused: s3://{warehouse.bucket}/sales/3.csv"
    )
    assert {state for _, state in warehouse.states()} == {"New"}
    assert list(trial(warehouse).transform().held_back) == [
        f"s3://{warehouse.bucket}/sales/{number}.csv" for number in (2, 3)
    ]


def test_the_files_of_an_archive_are_read_too(warehouse: Warehouse) -> None:
    origin = S3Drop("sales/", r"(?P<day>\d+)\.zip", sequence=("day",))
    warehouse.feeds = {"sales": sales_feed(origin=origin, format=Csv(compression="zip", members=r".*\.csv"))}
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
        for number in (1, 2):
            archive.writestr(f"{number}.csv", csv(number))
    warehouse.register_events(warehouse.put("sales/1.zip", packed.getvalue()))
    assert trial(warehouse).run() == {"feed": "sales", "files": 1, "rows_in": 2, "rows_rejected": 0}


def test_files_that_the_order_does_not_load_are_not_read(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(load=Load.TRUNCATE, order=Order.NEWEST)}
    warehouse.register_events(warehouse.put("sales/1.csv", b"no header"), warehouse.put("sales/2.csv", csv(2)))
    assert trial(warehouse).run()["files"] == 1
    assert warehouse.states() == [("sales/1.csv", "Filtered Out"), ("sales/2.csv", "New")]
