"""The supported SerDes, and their supported properties.

A property can change the meaning of a file's bytes. So a property that is not listed for its SerDe is refused with its
name, and never ignored. Sources: https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html and Trino's
trino-hive-formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import UnsupportedError

PARQUET, ORC, AVRO, TEXT, CSV, JSON = "parquet", "orc", "avro", "text", "csv", "json"
Check = Callable[[str], bool]
_HIVE = "org.apache.hadoop.hive"


def _any(_value: str) -> bool:
    return True


def _one_of(*values: str) -> Check:
    return lambda value: value.strip().lower() in values


_SWITCH = _one_of("true", "false")
_OFF = _one_of("false")
# Glue's crawlers, Spark and Hive add these to any table; they do not affect how bytes are read.
_SILENT: dict[str, Check] = {"serialization.format": _any, "path": _any, "paths": _any, "mergeschema": _any}


@dataclass(frozen=True)
class Serde:
    """The format that a SerDe reads, the Hadoop input formats allowed with it, and its supported properties."""

    format: str
    inputs: tuple[str, ...]
    properties: Mapping[str, Check]


_TEXT_INPUTS = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.mapreduce.lib.input.TextInputFormat",
)
_LINES: dict[str, Check] = {"skip.header.line.count": _any, "skip.footer.line.count": _one_of("0")}
_DELIMITED: dict[str, Check] = {
    "field.delim": _any,
    "escape.delim": _any,
    "line.delim": _one_of("", "\n", "\\n"),
    "collection.delim": _any,
    "colelction.delim": _any,  # as Hive 2 misspells it
    "mapkey.delim": _any,
    "serialization.null.format": _any,
    "serialization.encoding": _any,
    "serialization.last.column.takes.rest": _SWITCH,
    "serialization.escape.crlf": _OFF,
    "timestamp.formats": _any,
    "hive.lazysimple.extended_boolean_literal": _SWITCH,
    "hive.serialization.extend.nesting.levels": _SWITCH,
    "hive.serialization.extend.additional.nesting.levels": _SWITCH,
}
_QUOTED: dict[str, Check] = {"separatorchar": _any, "quotechar": _any, "escapechar": _any}
_HIVE_JSON: dict[str, Check] = {"ignore.malformed.json": _SWITCH}
_OPENX: dict[str, Check] = {
    "ignore.malformed.json": _SWITCH,
    "case.insensitive": _SWITCH,
    "dots.in.keys": _SWITCH,
    "mapping.*": _any,
    "explicit.null": _SWITCH,
}
SERDES = {
    f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe": Serde(
        PARQUET, (f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat",), _SILENT
    ),
    f"{_HIVE}.ql.io.orc.OrcSerde": Serde(
        ORC, (f"{_HIVE}.ql.io.orc.OrcInputFormat",), _SILENT | {"orc.column.index.access": _SWITCH}
    ),
    f"{_HIVE}.serde2.avro.AvroSerDe": Serde(
        AVRO, (f"{_HIVE}.ql.io.avro.AvroContainerInputFormat",), _SILENT | {"avro.schema.literal": _any}
    ),
    f"{_HIVE}.serde2.lazy.LazySimpleSerDe": Serde(TEXT, _TEXT_INPUTS, _SILENT | _LINES | _DELIMITED),
    f"{_HIVE}.serde2.OpenCSVSerde": Serde(CSV, _TEXT_INPUTS, _SILENT | _LINES | _QUOTED),
    "org.apache.hive.hcatalog.data.JsonSerDe": Serde(JSON, _TEXT_INPUTS, _SILENT | _LINES | _HIVE_JSON),
    f"{_HIVE}.serde2.JsonSerDe": Serde(JSON, _TEXT_INPUTS, _SILENT | _LINES | _HIVE_JSON),
    "org.openx.data.jsonserde.JsonSerDe": Serde(JSON, _TEXT_INPUTS, _SILENT | _LINES | _OPENX),
}
_WRITTEN = frozenset(
    {*_SILENT, "field.delim", "line.delim", "collection.delim", "mapkey.delim", "case.insensitive"}
    | {"ignore.malformed.json", "explicit.null"}
)
# Table properties with other names are comments by the table's creator.
_MEANINGFUL = (
    "avro.", "collection.", "escape.", "field.", "line.", "mapkey.", "orc.", "parquet.", "serialization.", "skip.",
    "textinputformat.", "timestamp.",
)  # fmt: skip
_TABLE: dict[str, Check] = _LINES | {
    "serialization.null.format": _any,
    "parquet.compression": _any,
    "orc.compress": _any,
    "has_encrypted_data": _OFF,
    "transactional": _OFF,
}


def serde_of(table: HiveTable) -> Serde:
    """The SerDe of a table or partition; raise UnsupportedError for an unsupported SerDe."""
    if table.serde not in SERDES:
        raise UnsupportedError(f"SerDe {table.serde or '(not set)'} of table {table.database}.{table.name}")
    return SERDES[table.serde]


def check_followed(table: HiveTable) -> None:
    """Raise UnsupportedError for an unsupported input format, SerDe property or table property."""
    serde = serde_of(table)
    where = f"of table {table.database}.{table.name}"
    if table.input_format and table.input_format not in serde.inputs:
        raise UnsupportedError(f"input format {table.input_format} {where} with SerDe {table.serde}")
    for name, value in table.serde_parameters.items():
        if not _known(serde.properties, name)(value):
            raise UnsupportedError(f"SerDe property {name} = {value!r} {where}")
    for name, value in table.parameters.items():
        if not _table_property(name)(value):
            raise UnsupportedError(f"table property {name} = {value!r} {where}")


def check_writable(table: HiveTable) -> None:
    """Raise UnsupportedError for a property that affects how rows are written and that the writers do not support."""
    check_followed(table)
    for name, value in table.serde_parameters.items():
        if name not in _WRITTEN:
            raise UnsupportedError(
                f"INSERT into table {table.database}.{table.name} with SerDe property {name} = {value!r}"
            )
    header = table.parameters.get("skip.header.line.count", "0")
    if header.strip() != "0":
        raise UnsupportedError(
            f"INSERT into table {table.database}.{table.name} with table property skip.header.line.count = {header!r}"
        )


def _known(properties: Mapping[str, Check], name: str) -> Check:
    family = f"{name.lower().partition('.')[0]}.*"
    return properties.get(name.lower()) or properties.get(family) or _none


def _table_property(name: str) -> Check:
    free = not name.lower().startswith(_MEANINGFUL)
    return _TABLE.get(name.lower()) or (_any if free else _none)


def _none(_value: str) -> bool:
    return False
