"""The WITH (...) of CTAS and UNLOAD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localaws.athena.ddl.cursor import Cursor
from localaws.athena.ddl.formats import FORMATS
from localaws.athena.errors import QueryError, UnsupportedError

Value = str | list[str]
_CODECS = {
    "PARQUET": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "ORC": ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "TEXTFILE": ("GZIP", "NONE"),
    "JSON": ("GZIP", "NONE"),
}


def with_options(cursor: Cursor) -> dict[str, Value]:
    """``(name = 'value', name = ARRAY['a', 'b'], ...)`` with lower-case names."""

    def item() -> tuple[str, Value]:
        name = cursor.name()
        cursor.expect("=")
        return name, _array(cursor) if cursor.accept("ARRAY") else cursor.value()

    return dict(cursor.listed(item))


def _array(cursor: Cursor) -> list[str]:
    cursor.expect("[")
    values: list[str] = []
    while not cursor.accept("]"):
        values.append(cursor.string())
        _ = cursor.accept(",")
    return values


@dataclass(frozen=True)
class FileOptions:
    """How data files are written: ``format`` is PARQUET, ORC, TEXTFILE or JSON, ``codec`` its compression."""

    format: str
    codec: str
    delimiter: str = "\x01"

    @classmethod
    def of(cls, options: Mapping[str, Value], default: str = "PARQUET") -> FileOptions:
        """Raise UnsupportedError for a format or compression that is not written here."""
        name = str(options.get("format", default)).upper()
        name = {"CSV": "TEXTFILE"}.get(name, name)
        if name not in FORMATS:
            raise QueryError("INVALID_TABLE_PROPERTY", f"format {name} is not one of {', '.join(FORMATS)}")
        if name not in _CODECS:
            raise UnsupportedError(f"writing of format {name}")
        given = [
            options[k]
            for k in ("write_compression", "parquet_compression", "orc_compression", "compression")
            if k in options
        ]
        codec = str(given[0]).upper() if given else "GZIP"
        codec = {"UNCOMPRESSED": "NONE", "GZIP": "ZLIB" if name == "ORC" else "GZIP"}.get(codec, codec)
        if codec not in _CODECS[name]:
            raise UnsupportedError(f"compression {codec} of format {name}")
        return cls(name, codec, str(options.get("field_delimiter", "," if name == "CSV" else "\x01"))[:1])


def check_options(options: Mapping[str, Value], allowed: set[str], what: str) -> None:
    """Raise UnsupportedError for an option that is not followed here."""
    for name in options:
        if name not in allowed:
            raise UnsupportedError(f"{what} property {name}")


def names_option(options: Mapping[str, Value], name: str) -> list[str]:
    """An option that is a list of names, lower case; empty where it is not given."""
    value = options.get(name, [])
    return [item.lower() for item in ([value] if isinstance(value, str) else value)]
