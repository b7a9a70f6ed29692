"""Many small files are loaded in one transaction, and each has its own record in the ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import feed_files
import pytest
from botocore.exceptions import ReadTimeoutError
from ledger_warehouse import HEADER, Warehouse, csv, sales_feed

from estrela.errors import LoadError
from estrela.etl.loaders.archive import Archive
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.batch import BatchLimit, Candidate, batch_of
from estrela.ledger.claims import Claim
from estrela.model.feed import Load, OnOverwrite, Order, RowTolerance
from estrela.model.feed_format import Csv

PACKED = {**feed_files.PACKED, "members": lambda content: feed_files.zipped(content, "a.csv")}
BAD = b"x,,,,,\n"
WAYS = [
    {"order": Order.ALL},
    {"order": Order.IN_ORDER},
    {"order": Order.ALL, "load": Load.UPSERT, "key": ("id",)},
]


def declare(warehouse: Warehouse, **changes: object) -> None:
    warehouse.feeds = {"sales": sales_feed(**changes)}


def put(warehouse: Warehouse, *bodies: bytes) -> None:
    """Put files ``sales/1.csv``, ``sales/2.csv`` and so on, and register their events in one call, in reverse order."""
    events = [warehouse.put(f"sales/{number}.csv", body) for number, body in enumerate(bodies, 1)]
    for event in events[1:]:
        events[0]["Records"] = event["Records"] + events[0]["Records"]
    warehouse.register_events(events[0])


def transactions(warehouse: Warehouse) -> int:
    ((count,),) = warehouse.query("SELECT count(DISTINCT CAST(xmin AS text)) FROM ledger.loads")
    return int(count)


def candidate(id_: int, name: str = "", size: int = 10, *, is_alone: bool = False) -> Candidate:
    return Candidate(id_, "b", name or str(id_), size, is_alone)


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([], []),
        ([candidate(1), candidate(2)], [1, 2]),
        ([candidate(1), candidate(2), candidate(3), candidate(4)], [1, 2, 3]),
        ([candidate(1, size=20), candidate(2, size=15), candidate(3, size=1)], [1]),
        ([candidate(1, size=90), candidate(2)], [1]),
        ([candidate(1), candidate(2, is_alone=True), candidate(3)], [1]),
        ([candidate(1, is_alone=True), candidate(2)], [1]),
        ([candidate(1, "a"), candidate(2, "b"), candidate(3, "a")], [1, 2]),
    ],
)
def test_a_batch_is_the_first_small_files_that_were_never_tried(candidates: list[Candidate], chosen: list[int]) -> None:
    assert batch_of(candidates, BatchLimit(files=3, bytes=30)) == chosen


@pytest.mark.parametrize("changes", WAYS)
def test_small_files_are_loaded_in_one_transaction(warehouse: Warehouse, changes: dict[str, Any]) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=1), **changes)
    put(warehouse, csv(1), csv(2, 3) + BAD, csv(4, 5, 6))
    assert warehouse.load() == ""
    assert transactions(warehouse) == 1
    assert warehouse.ids() == [1, 2, 3, 4, 5, 6]
    assert warehouse.query(
        "SELECT f.key, f.state, f.rows_in, f.rows_loaded, f.rows_rejected, f.attempts, length(f.sha256) AS a, "
        "f.archived_at IS NOT NULL AS b, l.rows_loaded AS c, rows_changed, ended_at >= started_at AS d, l.run, "
        "(SELECT count(*) FROM mart.sales WHERE source_file = f.id AND source_load = l.id) AS e FROM ledger.files f "
        "JOIN ledger.loads l ON l.file = f.id ORDER BY f.key"
    ) == [
        (f"sales/{number}.csv", "Done", rows + bad, rows, bad, 1, 64, True, rows, rows, True, "run 1", rows)
        for number, rows, bad in ((1, 1, 0), (2, 2, 1), (3, 3, 0))
    ]
    assert warehouse.query(
        "SELECT f.key, r.line, r.is_counted FROM ledger.rejects r JOIN ledger.files f ON f.id = r.file"
    ) == [("sales/2.csv", 4, True)]


def test_a_file_that_is_refused_leaves_the_others_alone(warehouse: Warehouse) -> None:
    declare(warehouse, order=Order.ALL, tolerance=RowTolerance(rows=1))
    put(warehouse, csv(1), csv(2) + BAD * 2, b"other,columns\n", csv(3))
    assert "2 files were not loaded" in warehouse.load()
    assert sorted(warehouse.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/2.csv", "Fail"),
        ("sales/3.csv", "Fail"),
        ("sales/4.csv", "Done"),
    ]
    assert warehouse.ids() == [1, 3]
    assert warehouse.query("SELECT line, is_counted FROM ledger.rejects") == [(3, False), (4, False)]
    good = "SELECT count(DISTINCT CAST(xmin AS text)) FROM ledger.loads WHERE error = ''"
    assert warehouse.query(good) == [(1,)], "those that are good are loaded together"


def test_a_file_that_failed_holds_back_those_after_it(warehouse: Warehouse) -> None:
    put(warehouse, csv(1), csv(2) + BAD, csv(3), csv(4))
    assert "1 file was not loaded" in warehouse.load()
    assert warehouse.query("SELECT key, state, attempts, reason FROM ledger.files ORDER BY key")[2:] == [
        ("sales/3.csv", "New", 0, "not tried, because an earlier file of its batch was not loaded"),
        ("sales/4.csv", "New", 0, "not tried, because an earlier file of its batch was not loaded"),
    ]
    assert warehouse.ids() == [1]
    assert not warehouse.claims.has_work(warehouse.feeds["sales"])
    warehouse.register_events(warehouse.put("sales/2.csv", csv(2)))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id FROM mart.sales ORDER BY source_load") == [(1,), (2,), (3,), (4,)]


def test_a_missing_file_holds_back_no_other(warehouse: Warehouse) -> None:
    put(warehouse, csv(1), csv(2), csv(3))
    version = warehouse.s3.head_object(Bucket=warehouse.bucket, Key="sales/2.csv")["VersionId"]
    warehouse.s3.delete_object(Bucket=warehouse.bucket, Key="sales/2.csv", VersionId=version)
    assert warehouse.load() == ""
    assert sorted(warehouse.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/2.csv", "Filtered Out"),
        ("sales/3.csv", "Done"),
    ]
    assert transactions(warehouse) == 2, "of the batch, and of the note that one is gone"


def test_of_one_key_the_row_of_the_newest_file_stays(warehouse: Warehouse) -> None:
    declare(warehouse, load=Load.UPSERT, order=Order.ALL, key=("id",))
    warehouse.register_events(warehouse.put("sales/3.csv", csv(3, 13, name="third")))
    assert warehouse.load() == ""
    put(warehouse, csv(1, 2, 3, name="first"), csv(2, 3, name="second") + csv(2, name="last").split(b"\n", 1)[1])
    warehouse.register_events(warehouse.put("sales/4.csv", csv(13, name="fourth")))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, name FROM mart.sales ORDER BY id") == [
        (1, "first"),
        (2, "last"),
        (3, "third"),
        (13, "fourth"),
    ]
    assert warehouse.query(
        "SELECT f.key, rows_changed FROM ledger.loads l JOIN ledger.files f ON f.id = l.file ORDER BY 1"
    ) == [
        ("sales/1.csv", 1),
        ("sales/2.csv", 1),
        ("sales/3.csv", 2),
        ("sales/4.csv", 1),
    ]


def test_a_lost_claim_does_not_affect_the_other_files_of_its_batch(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(warehouse, order=Order.ALL)
    put(warehouse, csv(1), csv(2), csv(3))
    load = PostgresLoader.load_some

    def stolen(loader: PostgresLoader, claims: list[Claim]) -> Any:
        warehouse.database.query("UPDATE ledger.files SET fence = nextval('ledger.fence') WHERE key = 'sales/2.csv'")
        return load(loader, claims)

    monkeypatch.setattr(PostgresLoader, "load_some", stolen)
    assert warehouse.load() == ""
    assert sorted(warehouse.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/2.csv", "In Progress"),
        ("sales/3.csv", "Done"),
    ]
    assert warehouse.ids() == [1, 3]


@pytest.mark.parametrize(("order", "third"), [(Order.ALL, "Done"), (Order.IN_ORDER, "New")])
def test_a_fault_of_the_database_is_that_of_its_file(warehouse: Warehouse, order: Order, third: str) -> None:
    declare(warehouse, order=order, key=("id",))
    put(warehouse, csv(1), csv(1), csv(3))
    assert "duplicate key" in warehouse.load()
    assert sorted(warehouse.states()) == [("sales/1.csv", "Done"), ("sales/2.csv", "Fail"), ("sales/3.csv", third)]
    assert warehouse.ids() == ([1, 3] if third == "Done" else [1])


def test_a_new_version_is_loaded_after_the_batch(warehouse: Warehouse) -> None:
    declare(warehouse, order=Order.ALL)
    put(warehouse, csv(1), csv(2))
    assert warehouse.load() == ""
    put(warehouse, csv(10), csv(2), csv(3))
    assert warehouse.load() == ""
    assert warehouse.ids() == [2, 3, 10]
    declare(warehouse, order=Order.ALL, on_overwrite=OnOverwrite.APPEND_VERSION)
    put(warehouse, csv(100), csv(200))
    assert warehouse.load() == ""
    assert warehouse.ids() == [2, 3, 10, 100, 200]


def test_rows_of_an_older_version_that_was_loaded_meanwhile_leave(warehouse: Warehouse) -> None:
    declare(warehouse, order=Order.ALL)
    put(warehouse, csv(1))
    assert warehouse.load() == ""
    put(warehouse, csv(10), csv(2))
    claims = [warehouse.claims.claim(warehouse.feeds["sales"], "a") for _ in range(2)]
    loaded = warehouse.loader.load_some([claim for claim in claims if claim])
    assert [claim.key for claim, _ in loaded.accounts] == ["sales/1.csv", "sales/2.csv"]
    assert warehouse.ids() == [2, 10]
    versions = (
        "SELECT state, superseded_by IS NULL AS is_current FROM ledger.files WHERE key = 'sales/1.csv' ORDER BY id"
    )
    assert warehouse.query(versions) == [("Done", False), ("Done", True)]


def test_columns_in_another_order(warehouse: Warehouse) -> None:
    names = HEADER.strip().split(",")
    turned = (",".join(names[::-1]) + "\n,true,1.50,Ana,2024-01-02,2\n").encode()
    put(warehouse, csv(1), turned, csv(3))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, CAST(amount AS text) AS a FROM mart.sales ORDER BY id") == [
        (1, "1.50"),
        (2, "1.50"),
        (3, "1.50"),
    ]
    assert transactions(warehouse) == 1


def test_a_heartbeat_waits_for_no_lock(warehouse: Warehouse) -> None:
    declare(warehouse, order=Order.ALL)
    put(warehouse, csv(1), csv(2))
    claims = warehouse.claims.claim_some(warehouse.feeds["sales"], "a", BatchLimit(2, 1000))
    warehouse.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() + interval '10 s'")
    with ThreadPoolExecutor(1) as pool, warehouse.database.transaction("lock") as cursor:
        cursor.execute("SELECT 1 FROM ledger.files WHERE id = %s FOR UPDATE", (claims[0].file,))
        assert pool.submit(warehouse.claims.heartbeat, claims).result(timeout=30)
    assert warehouse.query(
        "SELECT lease_until > clock_timestamp() + interval '15 s' AS is_longer FROM ledger.files "
        f"ORDER BY id = {claims[0].file} DESC"
    ) == [(False,), (True,)]


def test_a_file_in_order_is_not_passed_over_while_it_is_registered(warehouse: Warehouse) -> None:
    put(warehouse, csv(1), csv(2))
    with ThreadPoolExecutor(1) as pool:
        with warehouse.database.transaction("lock") as cursor:
            cursor.execute("SELECT 1 FROM ledger.files WHERE key = 'sales/1.csv' FOR UPDATE")
            claimed = pool.submit(warehouse.claims.claim, warehouse.feeds["sales"], "a")
            with pytest.raises(TimeoutError):
                claimed.result(timeout=0.5)
        claim = claimed.result(timeout=30)
    assert claim is not None
    assert claim.key == "sales/1.csv"


@dataclass(frozen=True)
class Unmovable(LandedFiles):
    """S3 that refuses to copy one file."""

    def move(self, file: Any, bucket: str, key: str) -> None:
        if file.key == "sales/1.csv":
            raise LoadError(file.address, "denied", retriable=False)
        super().move(file, bucket, key)


def test_a_file_that_cannot_be_archived_stops_no_other(warehouse: Warehouse) -> None:
    put(warehouse, csv(1), csv(2), csv(3))
    warehouse.step().run()
    with pytest.raises(LoadError, match=r"sales/1\.csv: denied"):
        Archive(warehouse.database, Unmovable(warehouse.s3), f"{warehouse.bucket}-archive").archive(
            warehouse.feeds["sales"]
        )
    assert warehouse.query("SELECT key FROM ledger.files WHERE archived_at IS NULL") == [("sales/1.csv",)]


@dataclass
class Faulty:
    """A client of S3 whose answers are cut off."""

    s3: Any

    def get_object(self, **given: Any) -> dict[str, Any]:
        return self.s3.get_object(**given) | {"Body": self}

    def read(self, size: int = -1) -> bytes:
        raise ReadTimeoutError(endpoint_url="https://s3")

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("compression", "files"),
    [("", 1), ("gzip", 1), ("bz2", 1), ("zstd", 1), ("zip", 1), ("members", 1), ("gzip", 2)],
)
def test_a_file_whose_stream_breaks_off_is_tried_again(warehouse: Warehouse, compression: str, files: int) -> None:
    form = Csv(compression="zip", members=r".*\.csv") if compression == "members" else Csv(compression=compression)
    declare(warehouse, format=form)
    put(warehouse, *(PACKED[compression](csv(number)) for number in range(1, files + 1)))
    s3, warehouse.s3 = warehouse.s3, Faulty(warehouse.s3)
    with pytest.raises(LoadError, match=r"1 file was not loaded.*Read timeout") as caught:
        warehouse.step().run()
    assert caught.value.retriable
    assert warehouse.query("SELECT state, attempts FROM ledger.files ORDER BY key") == [("New", 1), ("New", 0)][:files]
    warehouse.s3 = s3
    assert warehouse.load() == ""
    assert warehouse.ids() == [*range(1, files + 1)]
