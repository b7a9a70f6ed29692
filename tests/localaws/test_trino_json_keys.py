"""JSON rows with one key twice: Athena refuses them, Trino would read one of the values."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from localaws.athena.trino import json_keys
from localaws.athena.trino.json_keys import JsonKeys
from localaws.s3.store import ObjectStore

OPENX = "org.openx.data.jsonserde.JsonSerDe"
TYPES = {"url": "string", "r": "struct<a:int>", "m": "map<string,int>", "l": "array<struct<a:int>>"}


def storage(folder: str = "t", serde: str = OPENX, **properties: str) -> dict[str, Any]:
    columns = [{"Name": name, "Type": kind} for name, kind in TYPES.items()]
    info = {"SerializationLibrary": serde, "Parameters": properties}
    return {"Columns": columns, "Location": f"s3://lake/{folder}", "SerdeInfo": info}


def table(**changes: Any) -> dict[str, Any]:
    return {"DatabaseName": "d", "Name": "t", "StorageDescriptor": storage(), **changes}


def refusal(line: int, key: str, file: str = "t/a.json") -> str:
    reason = f'Row is not a valid JSON Object - JSONException: Duplicate key "{key}"'
    return f"s3://lake/{file}, line {line}: HIVE_BAD_DATA: {reason}"


@pytest.mark.parametrize(
    ("row", "properties", "twice"),
    [
        ('{"URL": "a", "Url": "b"}', {}, "Url"),
        ('{"url": "a", "url": "b"}', {"case.insensitive": "false"}, "url"),
        ('{"r": {"a": 1, "A": 2}}', {}, "A"),
        ('{"l": [{"a": 1}, {"A": 2, "a": 3}]}', {}, "a"),
        ('{"a.b": 1, "a_b": 2}', {"dots.in.keys": "true"}, "a_b"),
        ('{"URL": "a", "url": "b"}', {"case.insensitive": "false"}, ""),
        ('{"m": {"a": 1, "A": 2}, "r": {"a": 1}}', {}, ""),
        ('{"l": [{"a": 1}, {"a": 2}], "other": {"x": 1, "X": 2}}', {}, ""),
        (r'{"url": "{\"a\": 1, \"a\": 2}"}', {}, ""),
        ('{"url": 1, "r": {"a": 1}, "l": [{"a": 2}]}', {}, ""),
        ("no JSON", {}, ""),
    ],
)
def test_a_row_with_one_key_twice_is_found(
    store: ObjectStore, row: str, properties: dict[str, str], twice: str
) -> None:
    store.writes.put_bytes("lake", "t/a.json", f'{{"url": "x"}}\n{row}\n'.encode())
    reason = JsonKeys(store).of_table(table(StorageDescriptor=storage(**properties)))
    assert reason == (refusal(2, twice) if twice else None)


def test_each_partition_is_read_with_its_own_settings(store: ObjectStore) -> None:
    twice = b'{"URL": "a", "url": "b"}'
    store.writes.put_bytes("lake", "t/p=1/a.json.gz", gzip.compress(twice))
    store.writes.put_bytes("lake", "t/p=1/_hidden", twice)
    keys, parted = JsonKeys(store), table(PartitionKeys=[{"Name": "p", "Type": "string"}])
    strict, folded = (
        {"Values": ["1"], "StorageDescriptor": storage("t/p=1", **properties)}
        for properties in ({"case.insensitive": "false"}, {})
    )
    assert keys.of_table(parted) is None
    assert keys.of_partitions(parted, [strict]) is None
    assert keys.of_partitions(parted, [strict, folded]) == refusal(1, "url", "t/p=1/a.json.gz")
    projected = parted | {"Parameters": {"projection.enabled": "true"}}
    assert keys.of_table(projected) == refusal(1, "url", "t/p=1/a.json.gz")


def test_other_tables_are_not_read(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.writes.put_bytes("lake", "t/a.json", b'{"URL": "a", "url": "b"}')
    assert JsonKeys(store).of_table(table(StorageDescriptor=storage(serde="x.LazySimpleSerDe"))) is None
    assert JsonKeys(store).of_table({"DatabaseName": "d", "Name": "v"}) is None
    assert JsonKeys(store).of_table(table(StorageDescriptor={**storage(), "Location": "s3://gone/t"})) is None


def test_a_file_is_read_once_for_each_of_its_contents(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = json_keys.lines_of
    monkeypatch.setattr(json_keys, "lines_of", lambda of, file: read.append(file.uri) or real(of, file))
    keys = JsonKeys(store)
    for content, expected in ((b'{"URL": "a", "url": "b"}', refusal(1, "url")), (b'{"url": "b"}', None)):
        store.writes.put_bytes("lake", "t/a.json", content)
        assert [keys.of_table(table()) for _ in range(2)] == [expected] * 2
    assert len(read) == 2
