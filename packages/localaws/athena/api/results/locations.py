"""Locations of query results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.athena.errors import InvalidRequestError
from localaws.athena.syntax.statements import Statement
from localaws.s3.store import ObjectStore, split_uri

_TABULAR = ("SELECT", "EXECUTE")
_WRITES = ("INSERT", "UNLOAD", "DELETE", "UPDATE", "MERGE")

MANAGED = "athena-managed-results"
"""The bucket for results that Athena manages itself, for workgroups whose results have no location."""


def is_managed(configuration: Mapping[str, Any]) -> bool:
    """Return whether Athena manages the results of a workgroup (managed query results)."""
    return bool((configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"))


def managed_folder(store: ObjectStore, workgroup: str) -> str:
    """Return the location for the managed results of a workgroup."""
    if MANAGED not in store.buckets.names():
        store.buckets.create(MANAGED)
    return f"s3://{MANAGED}/{workgroup}/"


def check_location(store: ObjectStore, location: str) -> None:
    """Raise InvalidRequestError unless an output location is a folder of an existing bucket."""
    try:
        bucket, _ = split_uri(location)
    except ValueError:
        raise InvalidRequestError(f"outputLocation is not a valid S3 path: {location}") from None
    if bucket not in store.buckets.names():
        raise InvalidRequestError(f"Unable to verify/create output bucket {bucket}")


def file_location(folder: str, execution_id: str, statement: Statement) -> str:
    """Return the key of a statement's result file: ``.csv``, ``.txt``, or without extension if it writes data."""
    folder = folder.rstrip("/")
    if statement.kind == "CREATE_TABLE_AS_SELECT":
        return f"{folder}/tables/{execution_id}"
    if statement.kind in _WRITES:
        return f"{folder}/{execution_id}"
    return f"{folder}/{execution_id}.{'csv' if statement.kind in _TABULAR else 'txt'}"
