"""Files of a delivery are loaded once all files that its manifest names have arrived."""

from __future__ import annotations

import json

import pytest
from killed import expire, load_and_die
from ledger_warehouse import Warehouse, csv, sales_feed

from estrela.errors import DefinitionError
from estrela.etl.loaders.manifests import Named, named_files
from estrela.model.feed import Load, OnOverwrite, Order
from estrela.model.feed_origin import S3Drop
from localaws.running import Running

ORIGIN = S3Drop("sales/", r"(?P<day>\d+)\.csv", sequence=("day",), manifest=r".+\.manifest")
MANIFEST = "sales/a.manifest"
BY_MANIFEST = {"origin": ORIGIN, "order": Order.BY_MANIFEST}


@pytest.fixture(autouse=True)
def declared(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(**BY_MANIFEST)}


def arrive(warehouse: Warehouse, *numbers: int) -> None:
    warehouse.register_events(*(warehouse.put(f"sales/{number}.csv", csv(number)) for number in numbers))


def name(warehouse: Warehouse, *names: str) -> None:
    warehouse.register_events(warehouse.put(MANIFEST, "\n".join(names).encode()))


def test_nothing_is_loaded_before_all_files_are_there(warehouse: Warehouse) -> None:
    feed = warehouse.feeds["sales"]
    arrive(warehouse, 1, 3)
    assert not warehouse.claims.has_work(feed), "no manifest is there"
    assert warehouse.load() == ""
    name(warehouse, "1.csv", "2.csv", "", " 3.csv ")
    assert warehouse.claims.has_work(feed), "the manifest is to be read"
    assert warehouse.load() == ""
    assert not warehouse.claims.has_work(feed), "a file is missing"
    assert not warehouse.has_table()
    arrive(warehouse, 2, 4)
    assert warehouse.claims.has_work(feed)
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2, 3]
    assert sorted(warehouse.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/2.csv", "Done"),
        ("sales/3.csv", "Done"),
        ("sales/4.csv", "New"),
    ]
    assert warehouse.query("SELECT state FROM ledger.files WHERE is_manifest") == [("Done",)]
    assert warehouse.query("SELECT count(*) FROM ledger.files WHERE archived_at IS NULL") == [(1,)]


def test_a_corrected_manifest_takes_the_place_of_one_that_waits_for_ever(warehouse: Warehouse) -> None:
    arrive(warehouse, 1)
    name(warehouse, "1.csv", "lost.csv")
    warehouse.load()
    name(warehouse, "1.csv")
    assert warehouse.load() == ""
    assert warehouse.ids() == [1]


def test_a_manifest_may_say_how_large_files_are(warehouse: Warehouse) -> None:
    body = csv(1)
    entry = {"url": f"s3://{warehouse.bucket}/sales/1.csv", "mandatory": True, "meta": {"content_length": len(body)}}
    warehouse.register_events(warehouse.put(MANIFEST, json.dumps({"entries": [entry]}).encode()))
    warehouse.register_events(warehouse.put("sales/1.csv", body[:-10]))
    assert warehouse.load() == ""
    assert not warehouse.has_table(), "the file of another size is not the one that is named"
    warehouse.register_events(warehouse.put("sales/1.csv", body))
    assert warehouse.load() == ""
    assert warehouse.ids() == [1]


def test_a_delivery_waits_for_all_of_its_files_in_their_sizes(warehouse: Warehouse) -> None:
    """Also where another file, or another version of the same one, is there."""
    sizes = {number: len(csv(number)) for number in (1, 2)}
    entries = [
        {"url": f"s3://{warehouse.bucket}/sales/{number}.csv", "meta": {"content_length": size}}
        for number, size in sizes.items()
    ]
    warehouse.register_events(warehouse.put(MANIFEST, json.dumps({"entries": entries}).encode()))
    arrive(warehouse, 1)
    warehouse.register_events(warehouse.put("sales/2.csv", csv(2)[:-10]))
    assert warehouse.load() == ""
    assert not warehouse.has_table(), "2.csv is of another size"
    warehouse.database.query(
        "UPDATE ledger.files SET state = 'Filtered Out', reason = 'by hand' WHERE key = 'sales/1.csv'"
    )
    arrive(warehouse, 2)
    assert warehouse.load() == ""
    assert not warehouse.has_table(), "1.csv was filtered out"
    arrive(warehouse, 1)
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2]


def test_of_two_versions_that_is_loaded_whose_size_the_manifest_says(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(**BY_MANIFEST, on_overwrite=OnOverwrite.APPEND_VERSION)}
    body = csv(1)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(7)[:-10]), warehouse.put("sales/1.csv", body))
    entry = {"url": f"s3://{warehouse.bucket}/sales/1.csv", "meta": {"content_length": len(body)}}
    warehouse.register_events(warehouse.put(MANIFEST, json.dumps({"entries": [entry]}).encode()))
    assert warehouse.load() == ""
    assert warehouse.ids() == [1]
    assert warehouse.states() == [("sales/1.csv", "New"), ("sales/1.csv", "Done")]


def test_a_file_that_fails_holds_back_no_other(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", b"other,columns\n"))
    arrive(warehouse, 2)
    name(warehouse, "1.csv", "2.csv")
    assert "1 file was not loaded" in warehouse.load()
    assert warehouse.ids() == [2]
    arrive(warehouse, 1)
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" \n", "it lists no file"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"files": []}', "'entries'"),
        (b'{"entries": [{"url": "s3://other/1.csv"}]}', "it lists 's3://other/1.csv', which is not in s3://{bucket}/"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_what_is_no_manifest_fails(warehouse: Warehouse, body: bytes, reason: str) -> None:
    warehouse.register_events(warehouse.put(MANIFEST, body))
    assert "1 file was not loaded" in warehouse.load()
    wanted = reason.replace("{bucket}", warehouse.bucket)
    address = f"s3://{warehouse.bucket}/{MANIFEST}"
    assert warehouse.query("SELECT state, reason FROM ledger.files") == [
        ("Fail", f"sales: {address}: it is not a valid manifest: {wanted}")
    ]


def test_names_are_in_the_folder_of_the_manifest() -> None:
    assert named_files(b"\xef\xbb\xbfa.csv\r\nb/c.csv\n", "b", "x/y/1.txt") == [
        Named("x/y/a.csv"),
        Named("x/y/b/c.csv"),
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"order": Order.ALL}, "order=all and an origin with manifest='.+\\\\.manifest'"),
        ({"origin": S3Drop("sales/", ".*")}, "order=complete by manifest and an origin with manifest=''"),
        (
            {"load": Load.TRUNCATE},
            "order=complete by manifest with load=truncate: the table would contain only one file of a delivery",
        ),
    ],
)
def test_a_feed_that_contradicts_itself_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        sales_feed(**(BY_MANIFEST | changes))
    assert str(caught.value).startswith(f"Feed('sales'): {problem}")


@pytest.mark.long
def test_a_kill_between_two_steps_of_a_manifest(warehouse: Warehouse, aws: Running) -> None:
    for steps in range(1, 9):
        arrive(warehouse, steps)
        name(warehouse, f"{steps}.csv")
        load_and_die(warehouse, steps, aws.client)
        expire(warehouse)
        assert warehouse.load() == ""
        assert warehouse.load() == ""
        assert warehouse.ids() == list(range(1, steps + 1))
