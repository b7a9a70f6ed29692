"""The files that a statement of Trino's wrote, and how they are compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.s3.store import ObjectStore

_HIVE_CODECS = {"ZLIB": "GZIP", "UNCOMPRESSED": "NONE"}


def compression(codec: str) -> dict[str, str]:
    """The session properties that make Trino compress Hive files so, and Iceberg files as Athena does."""
    name = codec.upper()
    return {
        "awsdatacatalog.compression_codec": _HIVE_CODECS.get(name, name),
        "iceberg.compression_codec": "ZSTD",
    }


def written_files(store: ObjectStore, location: str, query_id: str) -> list[str]:
    """Files below a location whose names hold Trino's id of the query, as all that it writes do."""
    bucket, key = split_uri(location)
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    return [
        f"s3://{bucket}/{info.key}"
        for info in store.reads.list(bucket, prefix)
        if query_id in info.key and "/metadata/" not in info.key
    ]
