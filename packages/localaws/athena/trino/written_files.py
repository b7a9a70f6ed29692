"""The files that a statement of Trino wrote, and their compression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.s3.store import split_uri

if TYPE_CHECKING:
    from localaws.s3.store import ObjectStore

_HIVE_CODECS = {"ZLIB": "GZIP", "UNCOMPRESSED": "NONE"}


def compression(codec: str) -> dict[str, str]:
    """Session properties with which Trino writes Hive files with this codec, and Iceberg files with Athena's."""
    name = codec.upper()
    return {
        "awsdatacatalog.compression_codec": _HIVE_CODECS.get(name, name),
        "iceberg.compression_codec": "ZSTD",
    }


def written_files(store: ObjectStore, location: str, query_id: str) -> list[str]:
    """Files below a location with Trino's query ID in their names, as in all files that the query writes."""
    bucket, key = split_uri(location)
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    return [
        f"s3://{bucket}/{info.key}"
        for info in store.reads.list(bucket, prefix)
        if query_id in info.key and "/metadata/" not in info.key
    ]
