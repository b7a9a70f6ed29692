"""Databases, tables and partitions for the other rooms of this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.glue.exceptions import AlreadyExistsException, EntityNotFoundException, InvalidInputException

from localaws.glue.catalog_databases import Databases
from localaws.glue.catalog_partitions import Partitions
from localaws.glue.catalog_place import CatalogPlace
from localaws.glue.catalog_table import ConcurrentModificationException
from localaws.glue.catalog_tables import Tables
from localaws.moto_state import MotoState
from localaws.settings import Settings

__all__ = [
    "AlreadyExistsException",
    "Catalog",
    "ConcurrentModificationException",
    "EntityNotFoundException",
    "InvalidInputException",
    "current_columns",
]


class Catalog:
    """The Glue catalog that the Glue API shows, from inside the process.

    Takes and returns boto3-shaped dicts (copies). Raises EntityNotFoundException, AlreadyExistsException,
    InvalidInputException and ConcurrentModificationException, each with Glue's text in ``message``.
    Every change is stored before the call returns; one that cannot be stored is undone and raises StateNotSavedError,
    or OSError where the disk is full.
    """

    def __init__(self, settings: Settings, state: MotoState) -> None:
        place = CatalogPlace(settings, state)
        self.region, self.account = settings.region, settings.account
        self.databases = Databases(place)
        self.tables = Tables(place)
        self.partitions = Partitions(place)


def current_columns(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns that a table has now: Iceberg clients may keep dropped ones beside them, marked as not current."""
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    return [column for column in columns if (column.get("Parameters") or {}).get("iceberg.field.current") != "false"]
