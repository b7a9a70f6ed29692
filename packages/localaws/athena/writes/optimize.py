"""OPTIMIZE .. REWRITE DATA USING BIN_PACK, and VACUUM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from sqlglot import exp

from localaws.athena.ddl.cursor import Cursor
from localaws.athena.ddl.glue_tables import find_table
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.queries import parse_query
from localaws.athena.results.outcome import Lines
from localaws.athena.statements import Statement
from localaws.athena.tables.iceberg_files import read_by_id
from localaws.athena.tables.iceberg_scan import IcebergScan, plan_scan
from localaws.athena.tables.iceberg_types import columns_of
from localaws.athena.tables.pruning import conjuncts, names_in
from localaws.athena.tables.row_filter import row_filter
from localaws.athena.tables.time_travel import Version
from localaws.athena.writes.iceberg_rows import arrow_rows, data_files_from
from localaws.athena.writes.row_changes import commit
from localaws.iceberg.maintenance import Retention, expire_snapshots, remove_orphans
from localaws.iceberg.row_changes import RowChange

if TYPE_CHECKING:
    from localaws.athena.context import Context

# Athena writes files of 512 MB; here the rows of one file pass through memory
_FILE_SIZE = 128 * 2**20
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html: properties and their defaults
_SMALLEST = ("optimize_rewrite_min_data_file_size_bytes", _FILE_SIZE * 3 // 4)
_LARGEST = ("optimize_rewrite_max_data_file_size_bytes", _FILE_SIZE * 9 // 5)
_FEWEST_FILES = ("optimize_rewrite_data_file_threshold", 5)
_FEWEST_DELETES = ("optimize_rewrite_delete_file_threshold", 2)
_AGE = ("vacuum_max_snapshot_age_seconds", 432_000)
_SNAPSHOTS = ("vacuum_min_snapshots_to_keep", 1)


def optimize(context: Context, statement: Statement) -> Lines:
    """Write small files, and files with many deletes, anew; WHERE may name partition columns only.

    Raises QueryError (ICEBERG_COMMIT_ERROR) where another commit deleted rows of the same files.
    """
    cursor = Cursor(statement)
    cursor.expect("OPTIMIZE")
    table = _iceberg_table(context, cursor, "OPTIMIZE")
    cursor.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    where = cursor.rest() if cursor.accept("WHERE") else ""
    plan = plan_scan(context, table, _current(table), _partition_filter(table, where) if where else None)
    if not plan.is_certain() or table.metadata.format_version != 2:
        raise UnsupportedError("OPTIMIZE of an Iceberg table of format version 1 or 3, or with files of another writer")
    bins = list(_bins(plan))
    if bins:
        added = [file for chosen in bins for file in _rewritten(context, plan, chosen)]
        removed = [plan.tasks[i].file for chosen in bins for i in chosen]
        change = RowChange(
            added=added,
            removed=[*removed, *_outlived(table, removed)],
            sequence_number=table.metadata.last_sequence_number,
        )
        commit(table, change)
    return Lines()


def vacuum(context: Context, statement: Statement) -> Lines:
    """Expire snapshots that are too old, then delete files that the table does not name."""
    cursor = Cursor(statement)
    cursor.expect("VACUUM")
    table = _iceberg_table(context, cursor, "VACUUM")
    cursor.expect_end()
    age = _number(table, _AGE)
    try:
        expire_snapshots(table, Retention(age, _number(table, _SNAPSHOTS)))
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit to Iceberg table: {error}") from error
    remove_orphans(table.refresh(), context.store, age)
    return Lines()


def _iceberg_table(context: Context, cursor: Cursor, verb: str) -> Table:
    entry = find_table(context, cursor.qualified_name())
    if not context.iceberg.is_iceberg(entry):
        raise QueryError("NOT_SUPPORTED", f"{verb} is supported on Iceberg tables only: {entry['Name']} is not one")
    return context.iceberg.load(entry["DatabaseName"], entry["Name"])


def _current(table: Table) -> Version:
    return Version(None, table.schema(), is_empty=table.current_snapshot() is None)


def _partition_filter(table: Table, where: str) -> BooleanExpression:
    """Raise QueryError for a column that the table is not partitioned by, or a condition that names no partitions."""
    name = table.name()[-1]
    node = parse_query(f'SELECT 1 FROM "{name}" WHERE {where}')
    names = {field.field_id: field.name.lower() for field in table.schema().fields}
    keys = {names[field.source_id] for field in table.spec().fields if field.source_id in names}
    if others := sorted(names_in(node) - keys):
        raise QueryError("NOT_SUPPORTED", f"OPTIMIZE with WHERE on {others[0]}, which {name} is not partitioned by")
    (source,) = node.find_all(exp.Table)
    return row_filter(table.schema(), conjuncts(source))


def _bins(plan: IcebergScan) -> Iterator[list[int]]:
    """The tasks that are written anew together: of one partition, and of about one file's size."""
    partitions: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for i, task in enumerate(plan.tasks):
        if _is_candidate(plan.table, task):
            partitions[(task.file.spec_id, repr(task.file.partition))].append(i)
    for members in partitions.values():
        if _is_worth_it(plan, members):
            yield from _packed(plan, members)


def _is_candidate(table: Table, task: FileScanTask) -> bool:
    size = task.file.file_size_in_bytes
    ill_sized = size < _number(table, _SMALLEST) or size > _number(table, _LARGEST)
    return ill_sized or len(task.delete_files) >= _number(table, _FEWEST_DELETES)


def _is_worth_it(plan: IcebergScan, members: Sequence[int]) -> bool:
    tasks = [plan.tasks[i] for i in members]
    many_deletes = any(len(task.delete_files) >= _number(plan.table, _FEWEST_DELETES) for task in tasks)
    return many_deletes or len(tasks) >= max(2, _number(plan.table, _FEWEST_FILES))


def _packed(plan: IcebergScan, members: Sequence[int]) -> Iterator[list[int]]:
    packed: list[int] = []
    for i in members:
        size = sum(plan.tasks[j].file.file_size_in_bytes for j in packed)
        if packed and size + plan.tasks[i].file.file_size_in_bytes > _FILE_SIZE:
            yield packed
            packed = []
        packed.append(i)
    yield packed


def _rewritten(context: Context, plan: IcebergScan, chosen: Sequence[int]) -> list[DataFile]:
    """New files of the live rows of some tasks."""
    part = replace(plan, tasks=[plan.tasks[i] for i in chosen], files=[plan.files[i] for i in chosen])
    rows = arrow_rows(context, read_by_id(context, part, columns_of(plan.schema)), plan.schema)
    return data_files_from(plan.table, rows) if rows.num_rows else []


def _outlived(table: Table, removed: Sequence[DataFile]) -> list[DataFile]:
    """The delete files that apply to no data file any more."""
    gone = {file.file_path for file in removed}
    tasks = list(table.scan().plan_files())
    needed = {d.file_path for task in tasks if task.file.file_path not in gone for d in task.delete_files}
    found = {d.file_path: d for task in tasks for d in task.delete_files}
    return [file for path, file in found.items() if path not in needed]


def _number(table: Table, setting: tuple[str, int]) -> int:
    """A table property of Athena's; raise QueryError for one that is no number."""
    name, default = setting
    text = table.properties.get(name, str(default))
    if not text.isdigit():
        raise QueryError("INVALID_TABLE_PROPERTY", f"Table property {name} is '{text}'; a whole number was expected")
    return int(text)
