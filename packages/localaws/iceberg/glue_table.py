"""Entry of an Iceberg table in the Glue catalog, as Iceberg's own GlueCatalog writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyiceberg.schema import Schema, SchemaVisitor, visit
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import DecimalType, ListType, MapType, NestedField, PrimitiveType, StructType

TABLE_TYPE = "table_type"
METADATA_LOCATION = "metadata_location"
PREVIOUS_METADATA_LOCATION = "previous_metadata_location"
_GLUE_ONLY = (
    "DatabaseName",
    "CreateTime",
    "UpdateTime",
    "VersionId",
    "CatalogId",
    "CreatedBy",
    "IsRowFilteringEnabled",
)
_HIVE_TYPES = {
    "long": "bigint",
    "time": "string",
    "uuid": "string",
    "timestamptz": "timestamp",
}


def is_iceberg(table: Mapping[str, Any]) -> bool:
    """Return whether a Glue table is an Iceberg table."""
    return str((table.get("Parameters") or {}).get(TABLE_TYPE, "")).upper() == "ICEBERG"


def metadata_location_of(table: Mapping[str, Any]) -> str | None:
    """The location of a table's current metadata file; None if the Glue table has none."""
    location: str | None = (table.get("Parameters") or {}).get(METADATA_LOCATION)
    return location


def table_input(
    name: str,
    metadata: TableMetadata,
    location: str,
    previous: Mapping[str, Any] | None = None,
    previous_metadata: TableMetadata | None = None,
) -> dict[str, Any]:
    """The TableInput of a table whose metadata file is at ``location``; ``previous`` is its Glue table so far."""
    kept = {key: value for key, value in (previous or {}).items() if key not in _GLUE_ONLY}
    kept.pop("Description", None)
    described = {"Description": metadata.properties["comment"]} if "comment" in metadata.properties else {}
    return {
        **kept,
        **described,
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": _parameters(metadata, location, previous, previous_metadata),
        "StorageDescriptor": {
            **kept.get("StorageDescriptor", {}),
            "Columns": glue_columns(metadata),
            "Location": metadata.location,
        },
    }


def _parameters(
    metadata: TableMetadata,
    location: str,
    previous: Mapping[str, Any] | None,
    previous_metadata: TableMetadata | None,
) -> dict[str, str]:
    """The metadata pointers and the previous parameters; those copied from table properties follow them."""
    old: dict[str, str] = dict((previous or {}).get("Parameters") or {})
    copied = set(previous_metadata.properties) if previous_metadata else set()
    kept = {key: value for key, value in old.items() if key not in copied}
    followed = {key: value for key, value in metadata.properties.items() if key in old}
    pointers = {TABLE_TYPE: "ICEBERG", METADATA_LOCATION: location}
    if previous and METADATA_LOCATION in old and old[METADATA_LOCATION] != location:
        pointers[PREVIOUS_METADATA_LOCATION] = old[METADATA_LOCATION]
    return {**kept, **followed, **pointers}


def glue_columns(metadata: TableMetadata) -> list[dict[str, Any]]:
    """The current columns, then dropped columns of older schemas, marked as not current."""
    current = metadata.schema()
    columns = {field.name: _column(field, is_current=True) for field in current.fields}
    kept = {field.field_id for field in current.fields}
    for schema in metadata.schemas:
        for field in schema.fields:
            if field.field_id not in kept:
                columns.setdefault(field.name, _column(field, is_current=False))
    return list(columns.values())


def _column(field: NestedField, *, is_current: bool) -> dict[str, Any]:
    column = {
        "Name": field.name,
        "Type": visit(field.field_type, _HiveType()),
        "Parameters": {
            "iceberg.field.id": str(field.field_id),
            "iceberg.field.optional": str(field.optional).lower(),
            "iceberg.field.current": str(is_current).lower(),
        },
    }
    return {**column, "Comment": field.doc} if field.doc else column


class _HiveType(SchemaVisitor[str]):
    """Converts an Iceberg type to the text of a Hive type."""

    def schema(self, schema: Schema, struct_result: str) -> str:
        return struct_result

    def struct(self, struct: StructType, field_results: list[str]) -> str:
        return f"struct<{','.join(field_results)}>"

    def field(self, field: NestedField, field_result: str) -> str:
        return f"{field.name}:{field_result}"

    def list(self, list_type: ListType, element_result: str) -> str:
        return f"array<{element_result}>"

    def map(self, map_type: MapType, key_result: str, value_result: str) -> str:
        return f"map<{key_result},{value_result}>"

    def primitive(self, primitive: PrimitiveType) -> str:
        if isinstance(primitive, DecimalType):
            return f"decimal({primitive.precision},{primitive.scale})"
        name = str(primitive)
        return "binary" if name.startswith("fixed") else _HIVE_TYPES.get(name, name)
