"""A Hive table's definition, read from its Glue entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.sql.type_text import parse_type
from localaws.athena.sql.types import Type
from localaws.athena.tables.relation import Columns
from localaws.glue.catalog import current_columns

PARQUET, TEXT, CSV, JSON = "parquet", "text", "csv", "json"
_BARE_DECIMAL = re.compile(r"\bdecimal\b(?!\s*\()", re.IGNORECASE)
_FORMATS = {
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": PARQUET,
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": TEXT,
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": CSV,
    "org.apache.hive.hcatalog.data.JsonSerDe": JSON,
    "org.apache.hadoop.hive.serde2.JsonSerDe": JSON,
    "org.openx.data.jsonserde.JsonSerDe": JSON,
}


@dataclass(frozen=True)
class HiveTable:
    """Columns and partition keys are lower case; ``serde_parameters`` and ``parameters`` as Glue keeps them."""

    database: str
    name: str
    columns: Columns
    partition_keys: Columns
    location: str
    serde: str
    serde_parameters: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def format(self) -> str:
        """One of parquet, text, csv and json; raise UnsupportedError for another SerDe."""
        if self.serde not in _FORMATS:
            raise UnsupportedError(f"SerDe {self.serde or 'of no name'} of table {self.database}.{self.name}")
        return _FORMATS[self.serde]


def hive_table(table: Mapping[str, Any]) -> HiveTable:
    """Read a Glue entry; raise QueryError for one without a storage descriptor."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    if not storage.get("Location"):
        raise QueryError("HIVE_METASTORE_ERROR", f"Table {table['DatabaseName']}.{table['Name']} has no location")
    return HiveTable(
        database=table["DatabaseName"],
        name=table["Name"],
        columns=_columns(current_columns(table)),
        partition_keys=_columns(table.get("PartitionKeys") or []),
        location=storage["Location"],
        serde=serde.get("SerializationLibrary") or "",
        serde_parameters=serde.get("Parameters") or {},
        parameters=table.get("Parameters") or {},
    )


def _columns(columns: list[dict[str, Any]]) -> Columns:
    return tuple((column["Name"].lower(), hive_type(column.get("Type") or "string")) for column in columns)


def hive_type(text: str) -> Type:
    """The Trino type of a Hive type; Hive's bare decimal is decimal(10,0)."""
    return parse_type(_BARE_DECIMAL.sub("decimal(10,0)", text))


def hive_name(kind: Type) -> str:
    """The Hive type that Athena gives to a column of a Trino type; raise UnsupportedError where there is none."""
    names = {"integer": "int", "real": "float", "varbinary": "binary"}
    if kind.name == "varchar":
        return f"varchar({kind.size[0]})" if kind.size else "string"
    if kind.name == "char":
        return f"char({kind.size[0]})"
    if kind.name == "decimal":
        return f"decimal({kind.size[0]},{kind.size[1]})"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name == "array":
        return f"array<{hive_name(kind.args[0])}>"
    if kind.name == "map":
        return f"map<{hive_name(kind.args[0])},{hive_name(kind.args[1])}>"
    if kind.name == "row" and all(kind.names):
        fields = zip(kind.names, kind.args, strict=True)
        return f"struct<{','.join(f'{name}:{hive_name(argument)}' for name, argument in fields)}>"
    if kind.name in ("boolean", "tinyint", "smallint", "bigint", "double", "date") or kind.name in names:
        return names.get(kind.name, kind.name)
    raise UnsupportedError(f"Hive type: {kind}", "has no place in a Hive table")
