"""What an Iceberg table is declared as, in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.errors import LoadError
from estrela.etl.lake_table import CATALOG, LakeTable
from estrela.etl.loaders.commit import commit

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
    """Create the table if there is none, add columns declared since. Raises LoadError on other differences."""
    if exists(spark, table):
        _evolve(spark, table)
        return
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{table.database}")
    commit(table, lambda: spark.sql(_create_statement(table)))
    if table.sort_by:
        commit(table, lambda: spark.sql(_order_statement(table)))


def quoted(text: str) -> str:
    """``text`` as a literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _create_statement(table: LakeTable) -> str:
    columns = ", ".join(f"`{one.name}` {one.type} COMMENT {quoted(one.doc)}" for one in table.columns)
    partitioned = f" PARTITIONED BY ({', '.join(f'`{name}`' for name in table.partition_by)})"
    properties = ", ".join(f"'{name}'='{value}'" for name, value in PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table.identifier} ({columns}) USING iceberg"
        f"{partitioned if table.partition_by else ''} COMMENT {quoted(table.doc)} TBLPROPERTIES ({properties})"
    )


def _order_statement(table: LakeTable) -> str:
    order = ", ".join(f"`{name}`" for name in (*table.partition_by, *table.sort_by))
    distributed = "DISTRIBUTED BY PARTITION LOCALLY ORDERED BY" if table.partition_by else "ORDERED BY"
    return f"ALTER TABLE {table.identifier} WRITE {distributed} {order}"


def _evolve(spark: SparkSession, table: LakeTable) -> None:
    found = {field.name: field.dataType.simpleString() for field in spark.table(table.identifier).schema.fields}
    for column in table.columns:
        if column.name not in found:
            declared = f"`{column.name}` {column.type} COMMENT {quoted(column.doc)}"
            add = f"ALTER TABLE {table.identifier} ADD COLUMN {declared}"
            commit(table, lambda add=add: spark.sql(add))  # type: ignore[misc]
        elif found[column.name] != column.type:
            problem = f"column {column.name} is {found[column.name]}, declared as {column.type}"
            raise LoadError(table.path, f"{problem}; drop the table and run with full_refresh to rebuild it")
