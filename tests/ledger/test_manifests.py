"""Files of a delivery are loaded once all files that its manifest names have arrived."""

from __future__ import annotations

import json

import pytest
from killed import expire, load_and_die
from ledger_house import House, csv, sales_feed

from estrela.errors import DefinitionError
from estrela.etl.loaders.manifests import Named, named_files
from estrela.model.feed import Load, OnOverwrite, Order
from estrela.model.feed_origin import S3Drop
from localaws.running import Running

ORIGIN = S3Drop("sales/", r"(?P<day>\d+)\.csv", sequence=("day",), manifest=r".+\.manifest")
MANIFEST = "sales/a.manifest"
BY_MANIFEST = {"origin": ORIGIN, "order": Order.BY_MANIFEST}


@pytest.fixture(autouse=True)
def declared(house: House) -> None:
    house.feeds = {"sales": sales_feed(**BY_MANIFEST)}


def arrive(house: House, *numbers: int) -> None:
    house.hear(*(house.put(f"sales/{number}.csv", csv(number)) for number in numbers))


def name(house: House, *names: str) -> None:
    house.hear(house.put(MANIFEST, "\n".join(names).encode()))


def test_nothing_is_loaded_before_all_files_are_there(house: House) -> None:
    feed = house.feeds["sales"]
    arrive(house, 1, 3)
    assert not house.claims.has_work(feed), "no manifest is there"
    assert house.load() == ""
    name(house, "1.csv", "2.csv", "", " 3.csv ")
    assert house.claims.has_work(feed), "the manifest is to be read"
    assert house.load() == ""
    assert not house.claims.has_work(feed), "a file is missing"
    assert not house.has_table()
    arrive(house, 2, 4)
    assert house.claims.has_work(feed)
    assert house.load() == ""
    assert house.ids() == [1, 2, 3]
    assert sorted(house.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/2.csv", "Done"),
        ("sales/3.csv", "Done"),
        ("sales/4.csv", "New"),
    ]
    assert house.query("SELECT state FROM ledger.files WHERE is_manifest") == [("Done",)]
    assert house.query("SELECT count(*) FROM ledger.files WHERE archived_at IS NULL") == [(1,)]


def test_a_corrected_manifest_takes_the_place_of_one_that_waits_for_ever(house: House) -> None:
    arrive(house, 1)
    name(house, "1.csv", "lost.csv")
    house.load()
    name(house, "1.csv")
    assert house.load() == ""
    assert house.ids() == [1]


def test_a_manifest_may_say_how_large_files_are(house: House) -> None:
    body = csv(1)
    entry = {"url": f"s3://{house.bucket}/sales/1.csv", "mandatory": True, "meta": {"content_length": len(body)}}
    house.hear(house.put(MANIFEST, json.dumps({"entries": [entry]}).encode()))
    house.hear(house.put("sales/1.csv", body[:-10]))
    assert house.load() == ""
    assert not house.has_table(), "the file of another size is not the one that is named"
    house.hear(house.put("sales/1.csv", body))
    assert house.load() == ""
    assert house.ids() == [1]


def test_a_delivery_waits_for_all_of_its_files_in_their_sizes(house: House) -> None:
    """Also where another file, or another version of the same one, is there."""
    sizes = {number: len(csv(number)) for number in (1, 2)}
    entries = [
        {"url": f"s3://{house.bucket}/sales/{number}.csv", "meta": {"content_length": size}}
        for number, size in sizes.items()
    ]
    house.hear(house.put(MANIFEST, json.dumps({"entries": entries}).encode()))
    arrive(house, 1)
    house.hear(house.put("sales/2.csv", csv(2)[:-10]))
    assert house.load() == ""
    assert not house.has_table(), "2.csv is of another size"
    house.database.query("UPDATE ledger.files SET state = 'Filtered Out', reason = 'by hand' WHERE key = 'sales/1.csv'")
    arrive(house, 2)
    assert house.load() == ""
    assert not house.has_table(), "1.csv was filtered out"
    arrive(house, 1)
    assert house.load() == ""
    assert house.ids() == [1, 2]


def test_of_two_versions_that_is_loaded_whose_size_the_manifest_says(house: House) -> None:
    house.feeds = {"sales": sales_feed(**BY_MANIFEST, on_overwrite=OnOverwrite.APPEND_VERSION)}
    body = csv(1)
    house.hear(house.put("sales/1.csv", csv(7)[:-10]), house.put("sales/1.csv", body))
    entry = {"url": f"s3://{house.bucket}/sales/1.csv", "meta": {"content_length": len(body)}}
    house.hear(house.put(MANIFEST, json.dumps({"entries": [entry]}).encode()))
    assert house.load() == ""
    assert house.ids() == [1]
    assert house.states() == [("sales/1.csv", "New"), ("sales/1.csv", "Done")]


def test_a_file_that_fails_holds_back_no_other(house: House) -> None:
    house.hear(house.put("sales/1.csv", b"other,columns\n"))
    arrive(house, 2)
    name(house, "1.csv", "2.csv")
    assert "1 files were not loaded" in house.load()
    assert house.ids() == [2]
    arrive(house, 1)
    assert house.load() == ""
    assert house.ids() == [1, 2]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b" \n", "it names no file"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b'{"files": []}', "'entries'"),
        (b'{"entries": [{"url": "s3://other/1.csv"}]}', "it names 's3://other/1.csv', which is not in s3://{bucket}/"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_what_is_no_manifest_fails(house: House, body: bytes, reason: str) -> None:
    house.hear(house.put(MANIFEST, body))
    assert "1 files were not loaded" in house.load()
    wanted = reason.replace("{bucket}", house.bucket)
    address = f"s3://{house.bucket}/{MANIFEST}"
    assert house.query("SELECT state, reason FROM ledger.files") == [
        ("Fail", f"sales: {address}: it is no manifest: {wanted}")
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
        ({"load": Load.TRUNCATE}, "order=complete by manifest with load=truncate: the table would hold one file"),
    ],
)
def test_a_feed_that_contradicts_itself_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        sales_feed(**(BY_MANIFEST | changes))
    assert str(caught.value).startswith(f"Feed('sales'): {problem}")


@pytest.mark.long
def test_a_kill_between_two_steps_of_a_manifest(house: House, aws: Running) -> None:
    for steps in range(1, 9):
        arrive(house, steps)
        name(house, f"{steps}.csv")
        load_and_die(house, steps, aws.client)
        expire(house)
        assert house.load() == ""
        assert house.load() == ""
        assert house.ids() == list(range(1, steps + 1))
