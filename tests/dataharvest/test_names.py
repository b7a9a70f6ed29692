"""Keys, events and headers, as external clients and S3 write them."""

from __future__ import annotations

import pytest

from dataharvest.model.delivery import DeliveredObject, Delivery, file_name
from dataharvest.model.events import delivered_objects
from dataharvest.model.kind import ACCOUNTS, KINDS


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("EXT/clients_20220226.csv", ("EXT", "clients", "20220226")),
        ("in/any/prefix/EXT-1/transactions_20240229.csv", ("EXT-1", "transactions", "20240229")),
        ("clients_20220226.csv", None),
        ("EXT/clients_20220230.csv", None),
        ("EXT/clients_2022022.csv", None),
        ("EXT/agents_20220226.csv", None),
        ("EXT/clients_20220226.csv.gz", None),
        ("EXT/clients_20220226.csv\n", None),
    ],
)
def test_a_key_names_client_kind_and_date(key: str, expected: tuple[str, str, str] | None) -> None:
    name = file_name(key)
    assert (name and (name.external_client, name.kind.name, name.business_date)) == expected


def record(name: str, key: str, **described: object) -> dict[str, object]:
    return {"eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key, **described}}}


def test_every_record_counts_and_keys_are_decoded() -> None:
    event = {
        "Records": [
            record("ObjectCreated:Put", "a+b/S%C3%A3o%201/clients_20220226.csv", eTag="e", sequencer="0A", size=3),
            record("ObjectRemoved:Delete", "x"),
            record("ObjectCreated:CompleteMultipartUpload", "y", eTag='"f-2"', sequencer="0B", versionId="v"),
        ]
    }
    assert list(delivered_objects(event)) == [
        DeliveredObject("b", "a b/São 1/clients_20220226.csv", "e", "0A", 3),
        DeliveredObject("b", "y", "f-2", "0B", 0, "v"),
    ]
    assert list(delivered_objects({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []


def test_sequencers_are_compared_as_s3_says() -> None:
    orders = [DeliveredObject("b", "k", "e", sequencer).order for sequencer in ("0055AE", "0055AED6", "0055aed7")]
    assert orders == sorted(orders)


@pytest.mark.parametrize("spelling", ["account_number", "accout_number", " account_number "])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.column("account_number")], ids=lambda kind: kind.name)
def test_both_spellings_of_the_account_column_are_taken(kind: object, spelling: str) -> None:
    header = [spelling if column.name == "account_number" else column.name for column in kind.columns]  # type: ignore[attr-defined]
    assert kind.columns_of(header) == kind.columns  # type: ignore[attr-defined]


def test_columns_may_stand_in_any_order_but_not_twice() -> None:
    names = [column.name for column in ACCOUNTS.columns]
    assert ACCOUNTS.columns_of(names[::-1]) == ACCOUNTS.columns[::-1]
    assert ACCOUNTS.columns_of([*names[:-1], names[0]]) is None
    assert ACCOUNTS.columns_of([*names, "more"]) is None
    assert ACCOUNTS.columns_of([*names, "accout_number"]) is None
    assert ACCOUNTS.columns_of([]) is None


def test_a_stages_message_is_read_as_written() -> None:
    delivery = Delivery("EXT", "20220226", 3)
    assert Delivery.from_json(delivery.to_json()) == delivery
    with pytest.raises(ValueError, match="needs external_client, business_date and version"):
        Delivery.from_json('{"external_client": "EXT"}')
