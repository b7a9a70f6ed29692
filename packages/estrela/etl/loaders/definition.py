"""The definition of an Iceberg table in the catalog."""

from __future__ import annotations

import hashlib

from estrela.etl.lake_table import CATALOG, LakeTable
from estrela.etl.loaders.catalog import Catalog
from estrela.etl.loaders.evolution import changes, order_statement, stored
from estrela.etl.sql import quoted
from estrela.model.partition import sql_of

PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.distribution-mode": "hash",
    # Rows of an institution are adjacent: small row groups let readers skip the other institutions.
    "write.parquet.row-group-size-bytes": str(16 * 1024 * 1024),
    # Columns with few values need far less. For other columns the writer soon gives up building a dictionary.
    "write.parquet.dict-size-bytes": str(16 * 1024),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


DECLARED = "estrela.declared"


def define(catalog: Catalog, table: LakeTable) -> None:
    """Create the table, or update an existing table to match its declaration.

    A property records that the table is up to date, because a comparison takes as long as a small commit. Raises
    DefinitionError, before any change, if the declaration cannot be applied.
    """
    if catalog.has(table):
        if _is_in_line(catalog, table):
            return
        for statement in list(changes(table, stored(catalog, table))):
            catalog.alter(table, statement)
    else:
        catalog.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{table.database}")
        catalog.alter(table, _create_statement(table))
        if table.sort_by:
            catalog.alter(table, order_statement(table))
    declared = f"SET TBLPROPERTIES ('{DECLARED}'='{_version(catalog, table)}')"
    catalog.alter(table, f"ALTER TABLE {table.identifier} {declared}")


def _is_in_line(catalog: Catalog, table: LakeTable) -> bool:
    properties = catalog.read(table).properties()
    return str(properties.getOrDefault(DECLARED, "")) == _version(catalog, table)


def _version(catalog: Catalog, table: LakeTable) -> str:
    """Return an identifier of the declaration and of the table's current schema, partitioning and sort order."""
    declaration = repr((table.columns, table.partition_by, table.sort_by, table.doc))
    digest = hashlib.sha256(declaration.encode()).hexdigest()[:16]
    iceberg = catalog.read(table)
    return f"{digest} {iceberg.schema().schemaId()} {iceberg.spec().specId()} {iceberg.sortOrder().orderId()}"


def _create_statement(table: LakeTable) -> str:
    columns = ", ".join(f"`{column.name}` {column.type} COMMENT {quoted(column.doc)}" for column in table.columns)
    partitioned = f" PARTITIONED BY ({', '.join(sql_of(field, '`') for field in table.partition_by)})"
    properties = ", ".join(f"'{name}'='{value}'" for name, value in PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table.identifier} ({columns}) USING iceberg"
        f"{partitioned if table.partition_by else ''} COMMENT {quoted(table.doc)} TBLPROPERTIES ({properties})"
    )
