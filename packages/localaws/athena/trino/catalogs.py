"""Trino's two catalogs over the Glue catalog: one for Hive tables, one for Iceberg tables."""

from __future__ import annotations

from collections.abc import Mapping

from localaws.athena.errors import QueryError
from localaws.athena.trino.client import TrinoClient
from localaws.errors import TrinoSetupError

HIVE, ICEBERG = "awsdatacatalog", "iceberg"
_S3 = {"fs.native-s3.enabled": "true", "s3.path-style-access": "true"}
_HIVE = {
    "hive.metastore": "glue",
    "hive.iceberg-catalog-name": ICEBERG,
    "hive.non-managed-table-writes-enabled": "true",
    "hive.recursive-directories": "true",
    "hive.ignore-absent-partitions": "true",
    "hive.partition-projection-enabled": "true",
    "hive.metastore.glue.skip-archive": "true",
    "hive.storage-format": "PARQUET",
    "hive.collect-column-statistics-on-write": "false",
}
_ICEBERG = {
    "iceberg.catalog.type": "glue",
    "iceberg.expire-snapshots.min-retention": "0s",
    "iceberg.remove-orphan-files.min-retention": "0s",
    "iceberg.unique-table-location": "true",
    "iceberg.register-table-procedure.enabled": "true",
    "iceberg.allowed-extra-properties": "*",
}


def create_catalogs(trino: TrinoClient, endpoint: str, region: str) -> None:
    """Create the catalogs, which connect to AWS at ``endpoint``; catalogs that exist are unchanged.

    Raises TrinoSetupError if catalogs cannot be created by SQL in this Trino.
    """
    present = {row[0] for row in trino.run("SHOW CATALOGS")}
    for name, connector, settings in ((ICEBERG, "iceberg", _ICEBERG), (HIVE, "hive", _HIVE)):
        if name in present:
            continue
        try:
            trino.run(_create(name, connector, settings | _S3 | _places(endpoint, region)))
        except QueryError as error:
            raise TrinoSetupError(trino.url, name, str(error)) from error


def _places(endpoint: str, region: str) -> dict[str, str]:
    return {
        "hive.metastore.glue.endpoint-url": endpoint,
        "hive.metastore.glue.region": region,
        "hive.metastore.glue.aws-access-key": "localaws",
        "hive.metastore.glue.aws-secret-key": "localaws",
        "s3.endpoint": endpoint,
        "s3.region": region,
        "s3.aws-access-key": "localaws",
        "s3.aws-secret-key": "localaws",
    }


def _create(name: str, connector: str, settings: Mapping[str, str]) -> str:
    given = ", ".join(f"\"{key}\" = '{value}'" for key, value in settings.items())
    return f"CREATE CATALOG {name} USING {connector} WITH ({given})"
