"""Concurrent commits of row changes: based on top of commits that cannot conflict, refused after commits that can."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import ValidationException
from pyiceberg.expressions import EqualTo
from pyiceberg.table import Table

from localaws.iceberg.position_deletes import write_deletes
from localaws.iceberg.row_changes import RowChange, commit_change
from localaws.running import Running

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "k": ["a", "a", "a"]})
OTHER = pa.table({"id": pa.array([9], pa.int64()), "k": ["b"]})


@pytest.fixture
def catalog(aws: Running) -> Catalog:
    return load_catalog("rest", type="rest", uri=f"{aws.endpoint}/iceberg")


@pytest.fixture
def load(catalog: Catalog, bucket: str) -> Callable[[], Table]:
    """A function that loads the present state of a table with one file."""
    database = f"db_{uuid.uuid4().hex[:8]}"
    catalog.create_namespace(database, {"location": f"s3://{bucket}/{database}"})
    catalog.create_table(f"{database}.t", ROWS.schema).append(ROWS)
    return lambda: catalog.load_table(f"{database}.t")


def deletion(table: Table, position: int) -> RowChange:
    """Return a deletion of one row that was based on reading the rows of k = 'a'."""
    (task,) = table.scan(row_filter="k = 'a'").plan_files()
    deletes = write_deletes(table, task.file, pa.array([position]))
    return RowChange(deletes=[deletes], changed=[task.file], read=EqualTo("k", "a"))


def ids(table: Table) -> list[int]:
    return sorted(table.scan().to_arrow()["id"].to_pylist())


def test_a_delete_lands_on_top_of_rows_that_it_could_not_have_read(load) -> None:
    table = load()
    change = deletion(table, 0)
    load().append(OTHER)
    commit_change(table, change)
    assert ids(load()) == [2, 3, 9]
    last = load().current_snapshot()
    assert (last.summary.operation.value, last.summary["total-position-deletes"]) == ("delete", "1")


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (lambda table: table.append(ROWS), "Added data files were found matching the filter"),
        (lambda table: commit_change(table, deletion(table, 1)), "Found new conflicting delete files"),
        (lambda table: table.overwrite(OTHER), "Data files were concurrently deleted"),
    ],
)
def test_a_delete_is_refused_by_what_changes_its_rows(load, meanwhile, reason: str) -> None:
    table = load()
    change = deletion(table, 0)
    meanwhile(load())
    before = ids(load())
    with pytest.raises(ValidationException, match=reason):
        commit_change(table, change)
    assert ids(load()) == before


def test_a_rewrite_keeps_the_age_of_its_rows_and_is_refused_by_a_delete_of_them(load) -> None:
    table = load()
    (task,) = table.scan().plan_files()
    number = table.metadata.last_sequence_number
    load().append(OTHER)
    rewritten = RowChange(added=[copied(table)], removed=[task.file], sequence_number=number)
    commit_change(table, rewritten)
    assert ids(load()) == [1, 2, 3, 9]
    assert load().current_snapshot().summary.operation.value == "replace"
    table = load()
    (task,) = table.scan(row_filter="k = 'a'").plan_files()
    again = RowChange(added=[copied(table)], removed=[task.file], sequence_number=number)
    commit_change(load(), deletion(load(), 2))
    with pytest.raises(ValidationException, match="found new delete for replace"):
        commit_change(table, again)
    assert ids(load()) == [1, 2, 9]


def copied(table: Table) -> object:
    """Return a new file with the same three rows, which belongs to no snapshot."""
    from pyiceberg.io.pyarrow import _dataframe_to_data_files

    (file,) = _dataframe_to_data_files(table.metadata, ROWS, table.io)
    file.spec_id = 0
    return file
