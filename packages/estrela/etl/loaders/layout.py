"""Layout of a table's files: partitioning and file store."""

from __future__ import annotations

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.catalog import Catalog, members
from estrela.etl.loaders.snapshots import Snapshots


def partition_specs(catalog: Catalog, table: LakeTable) -> tuple[int, int]:
    """Return the ID of the table's partition spec, and the number of specs it has had."""
    iceberg = catalog.read(table)
    return int(iceberg.spec().specId()), int(iceberg.specs().size())


def has_old_layout(snapshots: Snapshots, table: LakeTable) -> bool:
    """Return whether this run sees files with a partitioning other than the table's current one."""
    iceberg, seen = snapshots.catalog.read(table), snapshots.seen(table)
    if not seen:
        return False
    current, manifests = iceberg.spec().specId(), iceberg.snapshot(seen).dataManifests(iceberg.io())
    return any(
        manifest.partitionSpecId() != current and (manifest.hasAddedFiles() or manifest.hasExistingFiles())
        for manifest in members(manifests)
    )


def lists_by_prefix(catalog: Catalog, table: LakeTable) -> bool:
    """Return whether the table's FileIO can list files itself; otherwise Hadoop's file system lists them."""
    from py4j.java_gateway import is_instance_of

    gateway = catalog.spark.sparkContext._gateway
    return bool(is_instance_of(gateway, catalog.read(table).io(), "org.apache.iceberg.io.SupportsPrefixOperations"))
