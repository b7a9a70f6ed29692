"""UPDATE, DELETE and MERGE of Iceberg tables: the changed rows, and the commit.

As in Athena engine version 3, they write position deletes (merge-on-read); a file without remaining rows is removed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from sqlglot import exp

from localaws.athena.embedded.binding import Binder
from localaws.athena.embedded.queries import Prepared
from localaws.athena.embedded.relation import PATH, PLACE, POSITION
from localaws.athena.embedded.sql.query import compile_query
from localaws.athena.embedded.sql.relations import Column
from localaws.athena.embedded.sql.relations import Table as QueryTable
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.embedded.tables.iceberg import scan_table
from localaws.athena.embedded.tables.pruning import Pruner, conjuncts
from localaws.athena.embedded.tables.row_filter import row_filter
from localaws.athena.embedded.writes.iceberg_rows import arrow_rows, data_files_from
from localaws.athena.embedded.writes.tables import written_table
from localaws.athena.entries.views import VIRTUAL_VIEW
from localaws.athena.errors import QueryError
from localaws.athena.types.iceberg import columns_of
from localaws.athena.types.trino import Columns
from localaws.iceberg.position_deletes import write_deletes
from localaws.iceberg.row_changes import RowChange, commit_change

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


@dataclass
class Target:
    """The table that a statement changes, as loaded when the statement was parsed, under its name in the statement."""

    context: Context
    table: Table
    node: exp.Table
    binder: Binder
    read: BooleanExpression = field(default_factory=AlwaysTrue)

    @property
    def columns(self) -> Columns:
        return columns_of(self.table.schema())

    @property
    def label(self) -> str:
        return str(self.node.alias or self.node.name)

    def column(self, name: str) -> exp.Column:
        """A column of the table, qualified and quoted: other tables of the statement may have the same name."""
        return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(self.label, quoted=True))

    def __call__(self, node: exp.Table) -> QueryTable:
        """The rows of the table with their positions; other names are resolved as in a query."""
        if node is not self.node:
            return self.binder(node)
        pruner = Pruner(self.context.session, self.label.lower(), conjuncts(node))
        self.read = row_filter(self.table.schema(), pruner.conditions)
        relation = scan_table(self.context, self.table, node, pruner, PLACE)
        columns = [Column(name, kind) for name, kind in relation.columns]
        return QueryTable(f"({relation.sql})", (*columns, *(Column(n, k, hidden=True) for n, k in PLACE)))


def find_target(context: Context, node: exp.Table, text: str, verb: str) -> Target:
    """The table of an UPDATE, DELETE or MERGE.

    Raises QueryError for a table that does not exist, is not an Iceberg table, or has a format version other than 2.
    """
    database, name = (node.db or context.database).lower(), node.name.lower()
    entry = written_table(context, database, name)
    if entry.get("TableType") == VIRTUAL_VIEW or not context.iceberg.is_iceberg(entry):
        raise QueryError("NOT_SUPPORTED", f"{verb} is supported on Iceberg tables only: {database}.{name} is not one")
    table = context.iceberg.load(database, name)
    if table.metadata.format_version != 2:
        raise QueryError(
            "NOT_SUPPORTED",
            f"{verb} needs an Iceberg table of format version 2: {database}.{name} has {table.metadata.format_version}",
        )
    return Target(context, table, node, Binder(context, context.database, text))


def keep_changes(target: Target, query: exp.Select, columns: Columns) -> str:
    """Run a query once and store its rows in a temporary table with these columns; return its name.

    Raises QueryError (TYPE_MISMATCH) if Trino would not coerce a value to its column.
    """
    compiled = compile_query(query, target)
    prepared = Prepared(compiled, tuple((f"c{i}", column.type) for i, column in enumerate(compiled.columns)))
    target.context.planned()
    name = f"changes_{uuid.uuid4().hex}"
    target.context.session.execute(f"CREATE TEMP TABLE {name} AS {prepared.sql(columns)}")
    return name


def commit_rows(target: Target, places: str, rows: str | None) -> list[str]:
    """Delete the rows at the positions of one query and add those of another, in one snapshot; return the new files.

    Raises QueryError (ICEBERG_COMMIT_ERROR) if a concurrent commit conflicts.
    """
    table = target.table
    new = arrow_rows(target.context, rows, table.schema()) if rows else None
    added = data_files_from(table, new) if new is not None and new.num_rows else []
    changed, deletes, removed = _deletes(target, places)
    if added or deletes or removed:
        commit(table, RowChange(added, deletes, changed, removed, target.read))
    return [file.file_path for file in added]


def commit(table: Table, change: RowChange) -> None:
    """Commit a change; raise QueryError (ICEBERG_COMMIT_ERROR) if a concurrent commit conflicts."""
    try:
        commit_change(table, change)
    except (CommitFailedException, ValidationException) as error:
        name = ".".join(table.name())
        raise QueryError(
            "ICEBERG_COMMIT_ERROR", f"Failed to commit Iceberg update to table: {name}: {str(error)[:300]}"
        ) from error


def _deletes(target: Target, places: str) -> tuple[list[DataFile], list[DataFile], list[DataFile]]:
    """The data files that lose some rows, the delete files for these rows, and the data files that lose all rows."""
    tasks = {task.file.file_path: task for task in target.table.scan().plan_files()} if places else {}
    changed, deletes, removed = [], [], []
    for path, positions in _by_file(target.context, places):
        task = tasks[path]
        if not task.delete_files and len(positions) == task.file.record_count:
            removed.append(task.file)
        else:
            changed.append(task.file)
            deletes.append(write_deletes(target.table, task.file, positions))
    return changed, deletes, removed


def _by_file(context: Context, places: str) -> Iterator[tuple[str, pa.Array]]:
    """Each file in a query of positions, with its sorted positions."""
    path, position = name_literal(PATH), name_literal(POSITION)
    for (file,) in context.session.execute(f"SELECT DISTINCT {path} FROM ({places}) ORDER BY 1"):
        sql = f"SELECT DISTINCT {position} FROM ({places}) WHERE {path} = {text_literal(file)} ORDER BY 1"
        batches: Sequence[pa.RecordBatch] = list(context.session.stream(sql))
        yield file, pa.concat_arrays([batch.column(0) for batch in batches])
