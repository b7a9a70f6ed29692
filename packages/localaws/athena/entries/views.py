"""Athena's views as stored in the Glue catalog: ``/* Presto View: <base64 of JSON> */``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.types.hive import hive_name
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import Columns, Type

VIRTUAL_VIEW = "VIRTUAL_VIEW"
PREFIX, SUFFIX = "/* Presto View: ", " */"


@dataclass(frozen=True)
class View:
    """A view's query, the default database of its names, and its columns."""

    database: str
    sql: str
    columns: Columns


def read_view(table: Mapping[str, Any]) -> View:
    """Parse a view; raise UnsupportedError for a view that is not Athena's (Spark's, Hive's)."""
    text = table.get("ViewOriginalText") or ""
    if not (text.startswith(PREFIX) and text.endswith(SUFFIX)):
        raise UnsupportedError(f"view {table['DatabaseName']}.{table['Name']}, which is not Athena's own")
    try:
        stored = json.loads(base64.b64decode(text[len(PREFIX) : -len(SUFFIX)]))
        columns = tuple((column["name"], parse_type(column["type"])) for column in stored["columns"])
        return View((stored.get("schema") or table["DatabaseName"]).lower(), stored["originalSql"], columns)
    except (binascii.Error, ValueError, KeyError) as error:
        raise QueryError("INVALID_VIEW", f"View {table['Name']} cannot be read: {error!r}") from error


def view_input(name: str, view: View, comment: str = "") -> dict[str, Any]:
    """The Glue table of a view."""
    stored = {
        "originalSql": view.sql,
        "catalog": "awsdatacatalog",
        "schema": view.database,
        "columns": [{"name": column, "type": str(kind)} for column, kind in view.columns],
    }
    encoded = base64.b64encode(json.dumps(stored).encode()).decode()
    return {
        "Name": name,
        "TableType": VIRTUAL_VIEW,
        "Parameters": {"presto_view": "true", "comment": comment or "Presto View"},
        "StorageDescriptor": {
            "Columns": _glue_columns(view.columns),
            "Location": "",
            "SerdeInfo": {},
            "NumberOfBuckets": 0,
            "StoredAsSubDirectories": False,
        },
        "PartitionKeys": [],
        "ViewOriginalText": f"{PREFIX}{encoded}{SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
    }


def _glue_columns(columns: Sequence[tuple[str, Type]]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": _glue_type(kind)} for name, kind in columns]


def _glue_type(kind: Type) -> str:
    try:
        return hive_name(kind)
    except UnsupportedError:
        # A view may have column types that no Hive table can have: in Glue they are strings, the view keeps the type.
        return "string"
