"""Schemas of Parquet files: Spark reads only one file per form of footer."""

from __future__ import annotations

import io
import struct
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from estrela.errors import bounded
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.stored_file import last_bytes

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAGIC = b"PAR1"
TAIL_BYTES = 32 * 1024
"""Bytes of the first read; nearly all footers are smaller."""
SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"
"""Entry of the footer that Spark prefers to the schema of the file itself."""
Schema = tuple[tuple[str, str], ...]
"""Names and Spark types of the columns of a file."""


@dataclass(frozen=True)
class ParquetSchemas:
    """Schemas cached by the form of the footer. Reading a schema is a Spark job; reading a footer is one request."""

    spark: SparkSession
    by_form: dict[Hashable, Schema] = field(default_factory=dict)

    def of(self, uri: str, size: int) -> Schema | Refusal:
        """Return the columns of the file of ``size`` bytes at ``uri``, or the refusal if it cannot be read.

        Several threads may call it concurrently.
        """
        form = _form(uri, size)
        if isinstance(form, Refusal):
            return form
        if form not in self.by_form:
            columns = self.spark.read.parquet(uri).schema
            self.by_form[form] = tuple((column.name, column.dataType.simpleString()) for column in columns)
        return self.by_form[form]


def _form(uri: str, size: int) -> Hashable | Refusal:
    """Return the parts of the footer that determine the columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tail = last_bytes(uri, TAIL_BYTES)
    if size < 2 * len(MAGIC) + 4 or tail[-len(MAGIC) :] != MAGIC:
        return Refusal("", "", "it does not end with the marker PAR1: it was truncated, or its footer is encrypted")
    (length,) = struct.unpack("<I", tail[-8:-4])
    needed = length + 2 * len(MAGIC) + 4
    if needed > size:
        return Refusal("", f"{length:,} bytes", f"its footer would be longer than the file, which has {size:,} bytes")
    tail = tail if needed <= len(tail) else last_bytes(uri, needed)
    try:
        footer = pq.read_metadata(io.BytesIO(tail))
    except (pa.ArrowInvalid, OSError) as error:
        return Refusal("", "", bounded(f"its footer cannot be read: {error}"))
    # Omit the first line, which contains the object's memory address.
    return str(footer.schema).partition("\n")[2], (footer.metadata or {}).get(SPARK_SCHEMA)
