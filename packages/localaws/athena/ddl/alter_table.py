"""ALTER TABLE and MSCK REPAIR TABLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyiceberg.exceptions import NoSuchNamespaceError, TableAlreadyExistsError
from pyiceberg.table import Table as IcebergTable

from localaws.athena.columns import text_column
from localaws.athena.ddl import iceberg_changes
from localaws.athena.ddl.alter_partitions import add_partitions, drop_partitions, partition_input, rename_partition
from localaws.athena.ddl.create_table import changed_iceberg_properties
from localaws.athena.ddl.iceberg_changes import Move
from localaws.athena.ddl.properties import ColumnDefinition, check_unique, column_definition, properties
from localaws.athena.entries.glue_tables import Name, ddl_error, find_table, is_view, table_input
from localaws.athena.entries.partition_paths import partition_values
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.athena.engine import Context

Table = dict[str, Any]
Change = Callable[["Context", Cursor, Table], None]


def alter_table(context: Context, statement: Statement) -> Lines:
    """Change a table's definition or its partitions."""
    cursor = Cursor(statement)
    cursor.expect("ALTER", "TABLE")
    table = find_table(context, cursor.qualified_name())
    if is_view(table):
        raise ddl_error(f"{table['Name']} is a view")
    if cursor.peek("PARTITION"):
        rename_partition(context, cursor, table)
        cursor.expect_end()
        return Lines()
    for words, change in _CHANGES.items():
        if cursor.accept(*words):
            change(context, cursor, table)
            cursor.expect_end()
            return Lines()
    raise UnsupportedError(f"ALTER TABLE {cursor.rest()[:60]}")


def _set_properties(context: Context, cursor: Cursor, table: Table) -> None:
    given = properties(cursor)
    if context.iceberg.is_iceberg(table):
        with _iceberg(context, table).transaction() as transaction:
            transaction.set_properties(changed_iceberg_properties(given))
        return
    changed = table_input(table)
    changed["Parameters"] = (table.get("Parameters") or {}) | given
    context.catalog.tables.update(table["DatabaseName"], changed, table["VersionId"])


def _set_location(context: Context, cursor: Cursor, table: Table) -> None:
    _refuse_iceberg(context, table, "SET LOCATION")
    changed = table_input(table)
    changed["StorageDescriptor"]["Location"] = cursor.string()
    context.catalog.tables.update(table["DatabaseName"], changed, table["VersionId"])


def _add_columns(context: Context, cursor: Cursor, table: Table) -> None:
    added = cursor.listed(lambda: column_definition(cursor))
    if context.iceberg.is_iceberg(table):
        iceberg_changes.add_columns(_iceberg(context, table), added)
        return
    _put_columns(context, table, [*table["StorageDescriptor"]["Columns"], *(column.as_glue() for column in added)])


def _replace_columns(context: Context, cursor: Cursor, table: Table) -> None:
    columns = cursor.listed(lambda: column_definition(cursor))
    if context.iceberg.is_iceberg(table):
        check_unique(columns, [])
        iceberg_changes.replace_columns(_iceberg(context, table), columns)
        return
    _put_columns(context, table, [column.as_glue() for column in columns])


def _change_column(context: Context, cursor: Cursor, table: Table) -> None:
    """``CHANGE [COLUMN] old new type [COMMENT 'text'] [FIRST | AFTER column]``."""
    _ = cursor.accept("COLUMN")
    name, column = cursor.name(), column_definition(cursor)
    move = Move(None) if cursor.accept("FIRST") else Move(cursor.name()) if cursor.accept("AFTER") else None
    if context.iceberg.is_iceberg(table):
        iceberg_changes.change_column(_iceberg(context, table), name, column, move)
        return
    columns = {c["Name"].lower(): c for c in table["StorageDescriptor"]["Columns"]}
    if missing := [c for c in (name, move.after if move else None) if c is not None and c not in columns]:
        raise ddl_error(f"InvalidOperationException(message:Column {missing[0]} does not exist in {table['Name']})")
    comment = {} if column.comment is not None else {k: v for k, v in columns[name].items() if k == "Comment"}
    changed = {**columns, name: column.as_glue() | comment}
    _put_columns(context, table, [changed[c] for c in _moved(list(columns), name, move)])


def _moved(names: list[str], name: str, move: Move | None) -> list[str]:
    if move is None or move.after == name:
        return names
    others = [other for other in names if other != name]
    place = others.index(move.after) + 1 if move.after else 0
    return [*others[:place], name, *others[place:]]


def _put_columns(context: Context, table: Table, columns: list[dict[str, Any]]) -> None:
    check_unique(_definitions(columns), _definitions(table.get("PartitionKeys") or []))
    changed = table_input(table)
    changed["StorageDescriptor"]["Columns"] = columns
    context.catalog.tables.update(table["DatabaseName"], changed, table["VersionId"])


def _definitions(columns: list[dict[str, Any]]) -> list[ColumnDefinition]:
    return [ColumnDefinition(column["Name"].lower(), column.get("Type") or "string") for column in columns]


def _drop_column(context: Context, cursor: Cursor, table: Table) -> None:
    if not context.iceberg.is_iceberg(table):
        raise UnsupportedError("ALTER TABLE DROP COLUMN on a table that is not Iceberg")
    iceberg_changes.drop_column(_iceberg(context, table), cursor.name())


def _rename(context: Context, cursor: Cursor, table: Table) -> None:
    if not context.iceberg.is_iceberg(table):
        raise UnsupportedError("ALTER TABLE RENAME TO on a table that is not Iceberg")
    database, name = cursor.qualified_name()
    try:
        context.iceberg.rename((table["DatabaseName"], table["Name"]), (database or table["DatabaseName"], name))
    except TableAlreadyExistsError:
        raise ddl_error(f"AlreadyExistsException(message:Table {name} already exists)") from None
    except NoSuchNamespaceError:
        raise ddl_error(f"NoSuchObjectException(message:Database {database} does not exist)") from None


def _iceberg(context: Context, table: Table) -> IcebergTable:
    return context.iceberg.load(table["DatabaseName"], table["Name"])


def _refuse_iceberg(context: Context, table: Table, what: str) -> None:
    if context.iceberg.is_iceberg(table):
        raise UnsupportedError(f"ALTER TABLE {what} on an Iceberg table")


_CHANGES: dict[tuple[str, ...], Change] = {
    ("ADD", "COLUMNS"): _add_columns,
    ("REPLACE", "COLUMNS"): _replace_columns,
    ("DROP", "COLUMN"): _drop_column,
    ("CHANGE",): _change_column,
    ("RENAME", "TO"): _rename,
    ("ADD",): add_partitions,
    ("DROP",): drop_partitions,
    ("SET", "TBLPROPERTIES"): _set_properties,
    ("SET", "LOCATION"): _set_location,
}


def repair_table(context: Context, statement: Statement) -> Lines:
    """MSCK REPAIR TABLE: add every partition that exists in the table's folder but not in the catalog."""
    cursor = Cursor(statement)
    cursor.expect("MSCK", "REPAIR", "TABLE")
    name: Name = cursor.qualified_name()
    cursor.expect_end()
    table = find_table(context, name)
    keys = [key["Name"] for key in table.get("PartitionKeys") or []]
    if not keys:
        raise ddl_error(f"Table {table['Name']} is not a partitioned table")
    known = {tuple(p["Values"]) for p in context.catalog.partitions.of(table["DatabaseName"], table["Name"])}
    missing = {folder: values for folder, values in _folders(context, table, keys) if tuple(values) not in known}
    location = table["StorageDescriptor"]["Location"].rstrip("/")
    inputs = [partition_input(table, values, f"{location}/{folder}/") for folder, values in missing.items()]
    context.catalog.partitions.create(table["DatabaseName"], table["Name"], inputs)
    if not missing:
        return Lines([text_column("result")])
    lines = ["Partitions not in metastore:\t" + "\t".join(f"{table['Name']}:{folder}" for folder in missing)]
    lines += [f"Repair: Added partition to metastore {table['Name']}:{folder}" for folder in missing]
    return Lines([text_column("result")], lines)


def _folders(context: Context, table: Table, keys: list[str]) -> list[tuple[str, list[str]]]:
    bucket, key = split_uri(table["StorageDescriptor"]["Location"])
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    folders: dict[str, list[str]] = {}
    for info in context.store.reads.list(bucket, prefix):
        folder = "/".join(info.key.removeprefix(prefix).split("/")[: len(keys)])
        if folder not in folders and info.key.removeprefix(prefix).count("/") >= len(keys):
            values = partition_values(folder, keys)
            if values is not None:
                folders[folder] = values
    return list(folders.items())
