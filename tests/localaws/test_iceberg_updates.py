"""Table updates, by the rules of Iceberg's reference builder."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import TableUpdate
from pyiceberg.types import LongType, NestedField

from localaws.iceberg.metadata_updates import InvalidUpdateError, updated

UPDATES: TypeAdapter[list[TableUpdate]] = TypeAdapter(list[TableUpdate])
BASE = new_table_metadata(
    Schema(NestedField(1, "a", LongType())), UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, "s3://b/t", {"x": "1"}
)


def apply(base: TableMetadata, *updates: dict[str, Any]) -> TableMetadata:
    return updated(base, UPDATES.validate_python(list(updates)), "s3://b/t/metadata/0.json")


def snapshot(number: int, parent: int | None = None, sequence: int | None = None) -> dict[str, Any]:
    identity = {
        "snapshot-id": number,
        "sequence-number": sequence or number,
        "timestamp-ms": BASE.last_updated_ms + number,
    }
    rest = {"manifest-list": f"s3://b/t/metadata/{number}.avro", "summary": {"operation": "append"}, "schema-id": 0}
    return {
        "action": "add-snapshot",
        "snapshot": {**identity, **rest, **({"parent-snapshot-id": parent} if parent else {})},
    }


def point(number: int, ref: str = "main") -> dict[str, Any]:
    return {"action": "set-snapshot-ref", "ref-name": ref, "type": "branch", "snapshot-id": number}


def chain(length: int) -> TableMetadata:
    """Return a table with snapshots 1, 2, ..., each from one commit."""
    metadata = BASE
    for number in range(1, length + 1):
        metadata = apply(metadata, snapshot(number, number - 1), point(number))
    return metadata


def logged(metadata: TableMetadata) -> list[int]:
    return [entry.snapshot_id for entry in metadata.snapshot_log]


def schema(*names: str) -> dict[str, Any]:
    fields = [{"id": ord(n) - 96, "name": n, "type": "long", "required": False} for n in names]
    return {"action": "add-schema", "schema": {"type": "struct", "schema-id": 0, "fields": fields}}


def test_the_server_numbers_a_new_schema_and_reuses_an_equal_one() -> None:
    current = {"action": "set-current-schema", "schema-id": -1}
    wider = apply(BASE, schema("a", "b"), current)
    assert (wider.current_schema_id, len(wider.schemas), wider.last_column_id) == (1, 2, 2)
    back = apply(wider, schema("a"), current)
    assert (back.current_schema_id, len(back.schemas), back.last_column_id) == (0, 2, 2)


def test_a_last_added_schema_needs_one_added() -> None:
    with pytest.raises(InvalidUpdateError, match="Cannot set the last added Schema: none was added in this commit"):
        apply(BASE, {"action": "set-current-schema", "schema-id": -1})


def test_an_equal_spec_is_reused() -> None:
    field = {"source-id": 1, "field-id": 1000, "name": "a_bucket", "transform": "bucket[4]"}
    add, use = {"action": "add-spec", "spec": {"spec-id": 7, "fields": [field]}}, {"action": "set-default-spec"}
    once = apply(BASE, add, {**use, "spec-id": -1})
    twice = apply(apply(once, {**use, "spec-id": 0}), add, {**use, "spec-id": -1})
    assert (once.default_spec_id, twice.default_spec_id, len(twice.partition_specs)) == (1, 1, 2)


def test_removing_missing_items_succeeds() -> None:
    gone = apply(
        BASE,
        {"action": "remove-properties", "removals": ["nope", "x"]},
        {"action": "remove-snapshots", "snapshot-ids": [99]},
        {"action": "remove-statistics", "snapshot-id": 99},
        {"action": "remove-partition-statistics", "snapshot-id": 99},
        {"action": "remove-snapshot-ref", "ref-name": "nope"},
    )
    assert gone.properties == {}


def test_a_snapshot_that_was_never_current_is_not_in_the_log() -> None:
    both = apply(BASE, snapshot(1), point(1), snapshot(2, 1), point(2))
    assert logged(both) == [2]


def test_expiry_leaves_no_gap_in_the_log_and_keeps_parent_ids() -> None:
    expired = apply(chain(4), {"action": "remove-snapshots", "snapshot-ids": [2]})
    assert logged(expired) == [3, 4]
    assert [(s.snapshot_id, s.parent_snapshot_id) for s in expired.snapshots] == [(1, None), (3, 2), (4, 3)]


def test_expiry_removes_refs_and_statistics() -> None:
    statistics = {"snapshot-id": 1, "statistics-path": "s3://b/p", "file-size-in-bytes": 1}
    base = apply(chain(2), point(1, "old"), {"action": "set-partition-statistics", "partition-statistics": statistics})
    expired = apply(
        base,
        {"action": "remove-partition-statistics", "snapshot-id": 1},
        {"action": "remove-snapshots", "snapshot-ids": [1]},
    )
    assert (sorted(expired.refs), expired.partition_statistics) == (["main"], [])


def test_a_replaced_table_forgets_its_log() -> None:
    replaced = apply(chain(2), {"action": "remove-snapshot-ref", "ref-name": "main"}, snapshot(3), point(3))
    assert (logged(replaced), replaced.current_snapshot_id, len(replaced.snapshots)) == ([3], 3, 3)


def test_a_stale_sequence_number_is_a_conflict_to_retry() -> None:
    base = apply(chain(2), point(1, "other"))
    with pytest.raises(CommitFailedException, match="sequence number 2 older than last sequence number 2"):
        apply(base, snapshot(9, parent=1, sequence=2), point(9, "other"))


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"action": "upgrade-format-version", "format-version": 3}, "format-version 3 is not supported"),
        ({"action": "set-properties", "updates": {"format-version": "1"}}, "format-version 1 is not supported"),
        (point(5), "Cannot set main to unknown snapshot 5"),
        ({"action": "remove-schemas", "schema-ids": [0]}, "Cannot remove current schema with id 0"),
        ({"action": "remove-partition-specs", "spec-ids": [0]}, "Cannot remove default partition spec: 0"),
    ],
)
def test_updates_that_no_table_accepts_are_refused(update: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidUpdateError, match=message):
        apply(BASE, update)


def test_a_new_table_needs_all_of_its_parts() -> None:
    with pytest.raises(InvalidUpdateError, match="do not make a whole table"):
        updated(None, UPDATES.validate_python([schema("a"), {"action": "set-location", "location": "s3://b/n"}]), None)


@settings(deadline=None)
@given(st.sets(st.integers(1, 7)))
def test_after_any_expiry_the_log_is_an_unbroken_end_of_history(gone: set[int]) -> None:
    expired = apply(chain(8), {"action": "remove-snapshots", "snapshot-ids": sorted(gone)})
    assert logged(expired) == list(range(max(gone, default=0) + 1, 9))
    assert [s.snapshot_id for s in expired.snapshots] == [n for n in range(1, 9) if n not in gone]


def test_the_metadata_log_keeps_as_many_as_asked() -> None:
    metadata = apply(BASE, {"action": "set-properties", "updates": {"write.metadata.previous-versions-max": "2"}})
    for number in range(5):
        metadata = apply(metadata, {"action": "set-properties", "updates": {"n": str(number)}})
    assert len(metadata.metadata_log) == 2
