"""Databases, tables and partitions for the other services of this process."""

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
    """In-process access to the catalog that the Glue API shows.

    Takes and returns boto3-shaped dicts (copies). Raises EntityNotFoundException, AlreadyExistsException,
    InvalidInputException and ConcurrentModificationException, each with Glue's text in ``message``. Every change is
    stored before the call returns. A change that cannot be stored is undone, and the call raises StateNotSavedError, or
    OSError if the disk is full.
    """

    def __init__(self, settings: Settings, state: MotoState) -> None:
        place = CatalogPlace(settings, state)
        self.region, self.account = settings.region, settings.account
        self.databases = Databases(place)
        self.tables = Tables(place)
        self.partitions = Partitions(place)


def current_columns(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The current columns of a table: Iceberg clients may list dropped columns too, marked as not current."""
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    return [column for column in columns if (column.get("Parameters") or {}).get("iceberg.field.current") != "false"]
