"""Athena's views as the Glue catalog keeps them: ``/* Presto View: <base64 of JSON> */``."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.sql.dialect import parse
from localaws.athena.sql.query import compile_query
from localaws.athena.sql.relations import Tables
from localaws.athena.sql.type_text import parse_type
from localaws.athena.sql.typed import Typed, coerce, name_literal
from localaws.athena.sql.types import Type
from localaws.athena.tables.hive import hive_name
from localaws.athena.tables.relation import Columns, Relation

VIRTUAL_VIEW = "VIRTUAL_VIEW"
_PREFIX, _SUFFIX = "/* Presto View: ", " */"


@dataclass(frozen=True)
class View:
    """A view's query, the database that its bare names are in, and its columns."""

    database: str
    sql: str
    columns: Columns

    def relation(self, tables: Tables) -> Relation:
        """The view's rows; raise QueryError (VIEW_IS_STALE) where its query gives other columns by now."""
        query = compile_query(parse(self.sql)[0], tables)
        if len(query.columns) != len(self.columns):
            raise _stale(f"column count mismatch: {len(query.columns)} and {len(self.columns)}")
        parts = []
        for i, (column, (name, kind)) in enumerate(zip(query.columns, self.columns, strict=True)):
            stored = Typed(f"v.c{i}", column.type)
            parts.append(f"{_coerced(stored, name, kind).sql} AS {name_literal(name)}")
        return Relation(f"SELECT {', '.join(parts)} FROM ({query.sql()}) AS v", self.columns)


def _coerced(value: Typed, name: str, kind: Type) -> Typed:
    try:
        return coerce(value, kind)
    except Exception as error:
        raise _stale(f"column [{name}] of type {value.type} cannot be coerced to type [{kind}]") from error


def _stale(reason: str) -> QueryError:
    return QueryError("VIEW_IS_STALE", f"View is stale or in invalid state: {reason}")


def read_view(table: Mapping[str, Any]) -> View:
    """Raise UnsupportedError for a view that is not Athena's (Spark's, Hive's)."""
    text = table.get("ViewOriginalText") or ""
    if not (text.startswith(_PREFIX) and text.endswith(_SUFFIX)):
        raise UnsupportedError(f"view {table['DatabaseName']}.{table['Name']}, which is not Athena's own")
    try:
        stored = json.loads(base64.b64decode(text[len(_PREFIX) : -len(_SUFFIX)]))
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
        "ViewOriginalText": f"{_PREFIX}{encoded}{_SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
    }


def _glue_columns(columns: Sequence[tuple[str, Type]]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": _glue_type(kind)} for name, kind in columns]


def _glue_type(kind: Type) -> str:
    try:
        return hive_name(kind)
    except UnsupportedError:
        # a view may have columns that no Hive table can: the catalog shows them as text, the view keeps the type
        return "string"
