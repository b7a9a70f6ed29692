"""Catalog operations of the Glue backend that differ between moto and Glue."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.glue.exceptions import (
    DatabaseAlreadyExistsException,
    InvalidInputException,
    JsonRESTError,
    TableAlreadyExistsException,
)
from moto.glue.models import FakeDatabase, FakePartition, GlueBackend

from localaws.glue.catalog_table import CatalogTable, ConcurrentModificationException

MAX_NAME = 255


class CatalogOperations(GlueBackend):
    """Databases, tables and partitions: names are folded to lower case, and every change takes :attr:`lock`."""

    transient: frozenset[str] = frozenset({"lock"})

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()

    def create_database(
        self, database_name: str, database_input: dict[str, Any], tags: dict[str, str] | None = None
    ) -> FakeDatabase:
        name = _name(database_name, "Database")
        with self.lock:
            if name in self.databases:
                raise DatabaseAlreadyExistsException
            return super().create_database(name, {**database_input, "Name": name}, tags)

    def get_database(self, database_name: str) -> FakeDatabase:
        return super().get_database(database_name.lower())

    def update_database(self, database_name: str, database_input: dict[str, Any]) -> None:
        with self.lock:
            super().update_database(database_name.lower(), database_input)

    def get_databases(self) -> list[FakeDatabase]:
        with self.lock:
            return sorted(self.databases.values(), key=lambda database: database.name)

    def delete_database(self, database_name: str) -> None:
        with self.lock:
            super().delete_database(database_name.lower())
        arn = f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:database/{database_name.lower()}"
        self.tagger.delete_all_tags_for_resource(arn)

    def create_table(
        self,
        database_name: str,
        table_name: str,
        table_input: dict[str, Any],
        open_table_format_input: dict[str, Any] | None = None,
    ) -> CatalogTable:
        if open_table_format_input:
            raise InvalidInputException(
                "CreateTable",
                "OpenTableFormatInput is not supported: create Iceberg tables through Athena, or through the Iceberg "
                "REST catalog at /iceberg",
            )
        name = _name(table_name, "Table")
        with self.lock:
            database = self.get_database(database_name)
            if name in database.tables:
                raise TableAlreadyExistsException
            table = CatalogTable(database.name, name, table_input, catalog_id=self.account_id)
            database.tables[name] = table
            return table

    def get_table(self, database_name: str, table_name: str) -> CatalogTable:
        return super().get_table(database_name, table_name.lower())

    def get_tables(self, database_name: str, expression: str | None) -> list[CatalogTable]:
        with self.lock:
            tables = sorted(self.get_database(database_name).tables.values(), key=lambda table: table.name)
        if not expression:
            return tables
        pattern = _name_pattern(expression)
        return [table for table in tables if pattern.fullmatch(table.name)]

    def update_table(
        self,
        database_name: str,
        table_name: str,
        table_input: Mapping[str, Any],
        version_id: str | None = None,
        skip_archive: bool = False,
    ) -> None:
        with self.lock:
            self.get_table(database_name, table_name).replace(table_input, version_id, skip_archive)

    def check_version(self, database_name: str, table_name: str, version_id: str | None) -> None:
        """Raise unless the table's current version is ``version_id``; None requires that the table does not exist."""
        if version_id is not None and self.get_table(database_name, table_name).version_id != version_id:
            raise ConcurrentModificationException
        if version_id is None and table_name.lower() in self.get_database(database_name).tables:
            raise TableAlreadyExistsException

    def delete_table(self, database_name: str, table_name: str) -> None:
        with self.lock:
            super().delete_table(database_name, table_name.lower())

    def delete_table_version(self, database_name: str, table_name: str, version_id: str) -> None:
        with self.lock:
            super().delete_table_version(database_name, table_name, version_id)

    def get_partitions(self, database_name: str, table_name: str, expression: str | None) -> list[FakePartition]:
        with self.lock:
            partitions: list[FakePartition] = super().get_partitions(database_name, table_name, expression)
            return partitions

    def create_partition(self, database_name: str, table_name: str, part_input: dict[str, Any]) -> None:
        with self.lock:
            super().create_partition(database_name, table_name, part_input)

    def update_partition(
        self, database_name: str, table_name: str, part_input: dict[str, Any], part_to_update: list[str]
    ) -> None:
        with self.lock:
            super().update_partition(database_name, table_name, part_input, part_to_update)

    def delete_partition(self, database_name: str, table_name: str, part_to_delete: list[str]) -> None:
        with self.lock:
            super().delete_partition(database_name, table_name, part_to_delete)

    def batch_create_partition(
        self, database_name: str, table_name: str, partition_input: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        with self.lock:
            table = self.get_table(database_name, table_name)
            return _each(partition_input, table.create_partition, "PartitionValues", lambda part: part["Values"])

    def batch_update_partition(
        self, database_name: str, table_name: str, entries: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        def update(entry: dict[str, Any]) -> None:
            table.update_partition(entry["PartitionValueList"], entry["PartitionInput"])

        with self.lock:
            table = self.get_table(database_name, table_name)
            return _each(entries, update, "PartitionValueList", lambda entry: entry["PartitionValueList"])

    def batch_delete_partition(
        self, database_name: str, table_name: str, parts: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        with self.lock:
            table = self.get_table(database_name, table_name)
            return _each(
                parts,
                lambda part: table.delete_partition(part["Values"]),
                "PartitionValues",
                lambda part: part["Values"],
            )


def _each(
    items: Sequence[dict[str, Any]],
    change: Callable[[dict[str, Any]], None],
    values_name: str,
    values_of: Callable[[dict[str, Any]], list[str]],
) -> list[dict[str, Any]]:
    """Apply ``change`` to each item; return the failures as Glue's batch calls list them, and go on after each."""
    errors = []
    for item in items:
        try:
            change(item)
        except JsonRESTError as error:
            detail = {"ErrorCode": error.relative_error_type, "ErrorMessage": error.message}
            errors.append({values_name: values_of(item), "ErrorDetail": detail})
    return errors


def _name(name: str | None, kind: str) -> str:
    if not name or len(name) > MAX_NAME:
        raise InvalidInputException(
            "Create", f"{kind} name must have 1 to {MAX_NAME} characters, not {len(name or '')}: {(name or '')[:80]!r}"
        )
    return name.lower()


def _name_pattern(expression: str) -> re.Pattern[str]:
    """Compile an expression as Glue does: a regular expression in which a lone ``*`` matches any text."""
    try:
        return re.compile(re.sub(r"(?<![.)\]\\])\*", ".*", expression), re.IGNORECASE)
    except re.error as error:
        raise InvalidInputException(
            "GetTables", f"Expression {expression[:200]!r} is not a pattern: {error}"
        ) from error
