"""The SerDe properties that Trino 476 supports; it silently ignores all others.

The names are those in its trino-hive-formats, and are case-sensitive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[str], bool]
_HIVE = "org.apache.hadoop.hive"


def _any(_value: str) -> bool:
    return True


def _none(_value: str) -> bool:
    return False


def _one_of(*values: str) -> Check:
    return lambda value: value.strip().lower() in values


_OFF = _one_of("false")
# Glue's crawlers, Spark and Hive add these to any table; they do not affect how bytes are read.
_SILENT: dict[str, Check] = dict.fromkeys(("serialization.format", "path", "paths", "mergeSchema"), _any)
_LINES: dict[str, Check] = {
    "line.delim": _one_of("", "\n", "\\n"),
    "serialization.encoding": _one_of("utf-8", "utf8"),
    "skip.header.line.count": _one_of("0"),  # it reads this one among the table's properties
}
_DELIMITED = dict.fromkeys(
    (
        "field.delim",
        "escape.delim",
        "collection.delim",
        "colelction.delim",
        "mapkey.delim",
        "serialization.null.format",
        "serialization.last.column.takes.rest",
        "timestamp.formats",
        "hive.serialization.extend.nesting.levels",
        "hive.serialization.extend.additional.nesting.levels",
    ),
    _any,
) | {"serialization.escape.crlf": _OFF, "hive.lazysimple.extended_boolean_literal": _OFF}
_OPENX = ("ignore.malformed.json", "case.insensitive", "dots.in.keys", "explicit.null", "timestamp.formats")
_JSON: dict[str, Check] = {"ignore.malformed.json": _OFF, "timestamp.formats": _any}
_FOLLOWED: dict[str, dict[str, Check]] = {
    f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe": {},
    f"{_HIVE}.ql.io.orc.OrcSerde": {"orc.column.index.access": _one_of("true")},
    f"{_HIVE}.serde2.avro.AvroSerDe": dict.fromkeys(("avro.schema.literal", "avro.schema.url"), _any),
    f"{_HIVE}.serde2.lazy.LazySimpleSerDe": _LINES | _DELIMITED,
    f"{_HIVE}.serde2.OpenCSVSerde": _LINES | dict.fromkeys(("separatorChar", "quoteChar", "escapeChar"), _any),
    "org.apache.hive.hcatalog.data.JsonSerDe": _LINES | _JSON,
    f"{_HIVE}.serde2.JsonSerDe": _LINES | _JSON,
    "org.openx.data.jsonserde.JsonSerDe": _LINES | dict.fromkeys(_OPENX, _any),
}
_MAPPING = "mapping."


def not_followed(serde: Mapping[str, Any]) -> str | None:
    """Return the first property of a Glue SerdeInfo that Trino ignores, as ``name = 'value'``; else None.

    A SerDe that Trino cannot read has no properties here: Trino refuses it itself.
    """
    library = str(serde.get("SerializationLibrary") or "")
    known = _FOLLOWED.get(library)
    if known is None:
        return None
    for name, value in (serde.get("Parameters") or {}).items():
        if name.startswith(_MAPPING) and library.startswith("org.openx."):
            continue
        if not (known | _SILENT).get(name, _none)(str(value)):
            return f"{name} = {value!r}"
    return None
