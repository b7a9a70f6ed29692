"""File formats of CTAS, UNLOAD and INSERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from localaws.athena.ddl.new_tables import codec_option
from localaws.athena.entries.formats import FORMATS
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.syntax.options import Value

_CODECS = {
    "PARQUET": ("GZIP", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "ORC": ("ZLIB", "SNAPPY", "ZSTD", "LZ4", "NONE"),
    "AVRO": ("GZIP", "SNAPPY", "ZSTD", "NONE"),
    "TEXTFILE": ("GZIP", "NONE"),
    "JSON": ("GZIP", "NONE"),
}


@dataclass(frozen=True)
class FileOptions:
    """Format of data files: ``format`` is PARQUET, ORC, AVRO, TEXTFILE or JSON, ``codec`` its compression."""

    format: str
    codec: str
    delimiter: str = "\x01"

    @classmethod
    def of(cls, options: Mapping[str, Value], default: str = "PARQUET") -> FileOptions:
        """Read the format from a statement's options; raise UnsupportedError for an unsupported one."""
        name = str(options.get("format", default)).upper()
        name = {"CSV": "TEXTFILE"}.get(name, name)
        if name not in FORMATS:
            raise QueryError("INVALID_TABLE_PROPERTY", f"format {name} is not one of {', '.join(FORMATS)}")
        if name not in _CODECS:
            raise UnsupportedError(f"writing of format {name}")
        codec = codec_option(options)
        codec = {"UNCOMPRESSED": "NONE", "GZIP": "ZLIB" if name == "ORC" else "GZIP"}.get(codec, codec)
        if codec not in _CODECS[name]:
            raise UnsupportedError(f"compression {codec} of format {name}")
        return cls(name, codec, str(options.get("field_delimiter", "," if name == "CSV" else "\x01"))[:1])
