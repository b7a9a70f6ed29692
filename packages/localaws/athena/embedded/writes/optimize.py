"""OPTIMIZE .. REWRITE DATA USING BIN_PACK."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from sqlglot import exp

from localaws.athena.embedded.queries import parse_query
from localaws.athena.embedded.tables.iceberg_files import read_by_id
from localaws.athena.embedded.tables.iceberg_scan import IcebergScan, plan_scan
from localaws.athena.embedded.tables.pruning import conjuncts, names_in
from localaws.athena.embedded.tables.row_filter import row_filter
from localaws.athena.embedded.tables.time_travel import Version
from localaws.athena.embedded.writes.iceberg_rows import arrow_rows, data_files_from
from localaws.athena.embedded.writes.row_changes import commit
from localaws.athena.entries.iceberg_tables import iceberg_entry, number
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.iceberg import columns_of
from localaws.iceberg.row_changes import RowChange

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

# Athena writes files of 512 MB; they are smaller here because the rows of one file are in memory at once
_FILE_SIZE = 128 * 2**20
# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html: properties and their defaults
_SMALLEST = ("optimize_rewrite_min_data_file_size_bytes", _FILE_SIZE * 3 // 4)
_LARGEST = ("optimize_rewrite_max_data_file_size_bytes", _FILE_SIZE * 9 // 5)
_FEWEST_FILES = ("optimize_rewrite_data_file_threshold", 5)
_FEWEST_DELETES = ("optimize_rewrite_delete_file_threshold", 2)


def optimize(context: Context, statement: Statement) -> Lines:
    """Rewrite small files and files with many deletes; WHERE may use only partition columns.

    Raises QueryError (ICEBERG_COMMIT_ERROR) if a concurrent commit deleted rows of the same files.
    """
    cursor = Cursor(statement)
    cursor.expect("OPTIMIZE")
    table = iceberg_entry(context, cursor.qualified_name(), "OPTIMIZE")
    cursor.expect("REWRITE", "DATA", "USING", "BIN_PACK")
    where = cursor.rest() if cursor.accept("WHERE") else ""
    plan = plan_scan(context, table, _current(table), _partition_filter(table, where) if where else None)
    if not plan.is_certain() or table.metadata.format_version != 2:
        raise UnsupportedError(
            "OPTIMIZE of an Iceberg table of another format version than 2, or with files other than Parquet, equality "
            "deletes, a name mapping or changed nested types"
        )
    bins = list(_bins(plan))
    if bins:
        added = [file for chosen in bins for file in _rewritten(context, plan, chosen)]
        removed = [plan.tasks[i].file for chosen in bins for i in chosen]
        change = RowChange(
            added=added,
            removed=[*removed, *_obsolete_deletes(table, removed)],
            sequence_number=table.metadata.last_sequence_number,
        )
        commit(table, change)
    return Lines()


def _current(table: Table) -> Version:
    return Version(None, table.schema(), is_empty=table.current_snapshot() is None)


def _partition_filter(table: Table, where: str) -> BooleanExpression:
    """Convert WHERE to a filter; raise QueryError for a column that is not a partition column."""
    name = table.name()[-1]
    node = parse_query(f'SELECT 1 FROM "{name}" WHERE {where}')
    names = {field.field_id: field.name.lower() for field in table.schema().fields}
    keys = {names[field.source_id] for field in table.spec().fields if field.source_id in names}
    if others := sorted(names_in(node) - keys):
        raise QueryError("NOT_SUPPORTED", f"OPTIMIZE with WHERE on {others[0]}, which {name} is not partitioned by")
    (source,) = node.find_all(exp.Table)
    return row_filter(table.schema(), conjuncts(source))


def _bins(plan: IcebergScan) -> Iterator[list[int]]:
    """Group the tasks to rewrite together: of one partition, with the total size of about one file."""
    partitions: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for i, task in enumerate(plan.tasks):
        if _is_candidate(plan.table, task):
            partitions[(task.file.spec_id, repr(task.file.partition))].append(i)
    for members in partitions.values():
        if _is_worth_rewriting(plan, members):
            yield from _packed(plan, members)


def _is_candidate(table: Table, task: FileScanTask) -> bool:
    size = task.file.file_size_in_bytes
    ill_sized = size < number(table, _SMALLEST) or size > number(table, _LARGEST)
    return ill_sized or len(task.delete_files) >= number(table, _FEWEST_DELETES)


def _is_worth_rewriting(plan: IcebergScan, members: Sequence[int]) -> bool:
    tasks = [plan.tasks[i] for i in members]
    many_deletes = any(len(task.delete_files) >= number(plan.table, _FEWEST_DELETES) for task in tasks)
    return many_deletes or len(tasks) >= max(2, number(plan.table, _FEWEST_FILES))


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
    """Write the live rows of some tasks to new files."""
    part = replace(plan, tasks=[plan.tasks[i] for i in chosen], files=[plan.files[i] for i in chosen])
    rows = arrow_rows(context, read_by_id(context, part, columns_of(plan.schema)), plan.schema)
    return data_files_from(plan.table, rows) if rows.num_rows else []


def _obsolete_deletes(table: Table, removed: Sequence[DataFile]) -> list[DataFile]:
    """The delete files that no longer apply to any data file."""
    gone = {file.file_path for file in removed}
    tasks = list(table.scan().plan_files())
    needed = {d.file_path for task in tasks if task.file.file_path not in gone for d in task.delete_files}
    delete_files = {d.file_path: d for task in tasks for d in task.delete_files}
    return [file for path, file in delete_files.items() if path not in needed]
