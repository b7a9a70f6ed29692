"""What an Iceberg table is declared as, in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.etl.lake_table import CATALOG, LakeTable
from estrela.etl.loaders.commit import commit
from estrela.etl.loaders.evolution import changes, order_statement, stored
from estrela.etl.sql import quoted
from estrela.model.partition import sql_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.distribution-mode": "hash",
    # Rows of one institution lie together; small groups let a reader skip the others.
    "write.parquet.row-group-size-bytes": str(16 * 1024 * 1024),
    # Columns of few values stay far below it; of the others no value is hashed in vain for long.
    "write.parquet.dict-size-bytes": str(16 * 1024),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


def exists(spark: SparkSession, table: LakeTable) -> bool:
    """Whether the table is in the catalog."""
    return bool(spark.catalog.tableExists(table.identifier))


def define(spark: SparkSession, table: LakeTable) -> None:
    """Create the table, or bring an existing one in line with its declaration.

    Raises DefinitionError, before anything is changed, where it declares what cannot be applied.
    """
    if exists(spark, table):
        for statement in list(changes(table, stored(spark, table))):
            commit(table, lambda statement=statement: spark.sql(statement))  # type: ignore[misc]
        return
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{table.database}")
    commit(table, lambda: spark.sql(_create_statement(table)))
    if table.sort_by:
        commit(table, lambda: spark.sql(order_statement(table)))


def _create_statement(table: LakeTable) -> str:
    columns = ", ".join(f"`{one.name}` {one.type} COMMENT {quoted(one.doc)}" for one in table.columns)
    partitioned = f" PARTITIONED BY ({', '.join(sql_of(field, '`') for field in table.partition_by)})"
    properties = ", ".join(f"'{name}'='{value}'" for name, value in PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table.identifier} ({columns}) USING iceberg"
        f"{partitioned if table.partition_by else ''} COMMENT {quoted(table.doc)} TBLPROPERTIES ({properties})"
    )
