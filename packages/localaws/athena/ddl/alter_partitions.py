"""ALTER TABLE ADD, DROP and RENAME PARTITION."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError

from localaws.athena.entries.glue_tables import ddl_error
from localaws.athena.entries.partition_paths import partition_folder
from localaws.athena.errors import QueryError
from localaws.athena.syntax.cursor import Cursor

if TYPE_CHECKING:
    from localaws.athena.engine import Context

Table = dict[str, Any]
Condition = tuple[str, str, str]
_OPERATORS = (("<", ">"), ("!", "="), ("<", "="), (">", "="), ("=",), ("<",), (">",))
_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint", "float", "double", "decimal")


def _conditions(cursor: Cursor) -> list[Condition]:
    """Parse ``PARTITION (key operator value, ...)``; keys are plain or quoted, and lower-cased."""

    def condition() -> Condition:
        name = cursor.name()
        for words in _OPERATORS:
            if cursor.accept(*words):
                return name, "".join(words), cursor.value()
        raise cursor.fail("Expecting: '=', '<>', '!=', '<', '<=', '>', '>='")

    cursor.expect("PARTITION")
    return cursor.listed(condition)


def _values(cursor: Cursor, table: Table) -> list[str]:
    """Parse the values of a partition, in the order of the table's keys; raise QueryError if any is missing."""
    conditions = _conditions(cursor)
    given = {name: value for name, sign, value in conditions if sign == "="}
    keys = [key["Name"].lower() for key in table.get("PartitionKeys") or []]
    if sorted(name for name, _, _ in conditions) != sorted(keys) or len(given) != len(keys):
        shown = {name: f"{sign} {value}" for name, sign, value in conditions}
        raise QueryError("FAILED", f"SemanticException [Error 10214]: Partition spec {shown} does not name {keys}")
    return [given[key] for key in keys]


def add_partitions(context: Context, cursor: Cursor, table: Table) -> None:
    """ADD [IF NOT EXISTS] PARTITION (..) [LOCATION '..'] ..."""
    quiet = cursor.accept("IF", "NOT", "EXISTS")
    names = [key["Name"] for key in table.get("PartitionKeys") or []]
    inputs = []
    while not cursor.ended:
        values = _values(cursor, table)
        location = cursor.string() if cursor.accept("LOCATION") else _folder(table, names, values)
        inputs.append(partition_input(table, values, location))
    failed = context.catalog.partitions.create(table["DatabaseName"], table["Name"], inputs)
    for failure in failed:
        detail = failure["ErrorDetail"]
        if not (quiet and detail.get("ErrorCode") == "AlreadyExistsException"):
            raise ddl_error(f"{detail.get('ErrorCode')}(message:{detail.get('ErrorMessage')})")


def _folder(table: Table, names: list[str], values: list[str]) -> str:
    return f"{table['StorageDescriptor']['Location'].rstrip('/')}/{partition_folder(names, values)}"


def partition_input(table: Mapping[str, Any], values: list[str], location: str) -> dict[str, Any]:
    """Return the input of CreatePartition: the table's storage descriptor with another location."""
    return {"Values": values, "StorageDescriptor": dict(table["StorageDescriptor"]) | {"Location": location}}


def drop_partitions(context: Context, cursor: Cursor, table: Table) -> None:
    """DROP [IF EXISTS] PARTITION (..), ...: each clause drops every partition that satisfies its conditions."""
    quiet = cursor.accept("IF", "EXISTS")
    dropped: list[list[str]] = []
    while True:
        conditions = _conditions(cursor)
        partitions = _matching(context, table, conditions)
        if not partitions and not quiet:
            shown = ", ".join(f"{name} {sign} '{value}'" for name, sign, value in conditions)
            raise QueryError("FAILED", f"SemanticException [Error 10006]: Partition not found ({shown})")
        dropped += [values for values in partitions if values not in dropped]
        if not cursor.accept(","):
            break
    cursor.expect_end()
    for values in dropped:
        context.catalog.partitions.delete(table["DatabaseName"], table["Name"], values)


def _matching(context: Context, table: Table, conditions: list[Condition]) -> list[list[str]]:
    kinds = {key["Name"].lower(): str(key.get("Type") or "string") for key in table.get("PartitionKeys") or []}
    parts = []
    for name, sign, value in conditions:
        if name not in kinds:
            text = f"{name} is not a partition key; allowed: {', '.join(kinds)}"
            raise QueryError("FAILED", f"SemanticException [Error 10001]: {text}")
        number = kinds[name].partition("(")[0].lower() in _NUMBERS
        literal = value if number else "'" + value.replace("'", "''") + "'"
        parts.append(f"{name} {sign} {literal}")
    try:
        partitions = context.catalog.partitions.of(table["DatabaseName"], table["Name"], " AND ".join(parts))
    except JsonRESTError as error:
        raise QueryError("FAILED", f"SemanticException [Error 10006]: {error.message}") from None
    return [partition["Values"] for partition in partitions]


def rename_partition(context: Context, cursor: Cursor, table: Table) -> None:
    """PARTITION (..) RENAME TO PARTITION (..): new values with the same location."""
    old = _values(cursor, table)
    cursor.expect("RENAME", "TO")
    new = _values(cursor, table)
    known = {tuple(p["Values"]): p for p in context.catalog.partitions.of(table["DatabaseName"], table["Name"])}
    if tuple(old) not in known:
        raise QueryError("FAILED", f"SemanticException [Error 10006]: Partition not found {old}")
    if tuple(new) in known:
        raise ddl_error(f"Unable to rename partition: a partition with the values {new} exists already")
    changed = {"Values": new, "StorageDescriptor": known[tuple(old)]["StorageDescriptor"]}
    context.catalog.partitions.update(table["DatabaseName"], table["Name"], old, changed)
