"""JSON documents and JSON Lines as rows of fields; numbers keep the digits that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.encoding import UTF_8
from estrela.etl.readers.file_rows import LINE
from estrela.etl.readers.lines import whole_texts
from estrela.etl.readers.refusal import REFUSED
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.readers.text_lines import BYTE_ORDER_MARK, filled_lines, is_utf_8, line_fault, line_text
from estrela.model.source import ApiSource, Layout

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# Placeholders. JSON text contains no control characters, because strings escape them.
MARK, BACKSLASH, QUOTE = "\x01", "\x02\x02", "\x02\x03"
TOKENS = '("[^"]*+")|(-?[0-9][-+.0-9eE]*+)'


def document_rows(spark: SparkSession, source: ApiSource, files: Sequence[TakenFile]) -> DataFrame:
    """Return the records of JSON documents: name, start, at, raw_line, fields and fault.

    A document without the declared array becomes one row with a fault that refuses the file.
    """
    headers = [field.header for field in source.layouts[0].fields]
    array = _array_at(F.col("content"), source.records, f"array<struct<{_struct(headers)}>>")
    contents = whole_texts(spark, files).select("name", _json_text(F.col("content")).alias("content"))
    parsed = contents.select("name", array.alias("records"))
    # A single NULL record represents a broken document; an empty array gives no record.
    records = F.coalesce("records", F.expr("array(NULL)"))
    # Without "outer", Spark would parse once more, to filter out empty arrays.
    every = F.posexplode_outer(records).alias("at", "one")
    listed = parsed.select("name", F.col("records").isNull().alias("broken"), every).where("at IS NOT NULL")
    array_name = f"with an array {source.records!r}" if source.records else "that is an array"
    reason = F.lit(f"{REFUSED}it is not valid JSON in UTF-8 {array_name}")
    return listed.select(
        "name",
        F.lit(0).cast("bigint").alias("start"),
        F.col("at").cast("bigint").alias("at"),
        F.to_json("one").alias("raw_line"),
        _fields(headers, F.col("one")),
        F.when(F.col("broken"), reason).alias("fault"),
    )


def _json_text(content: Column) -> Column:
    """Return the text without a byte order mark, or NULL if it is not UTF-8, which JSON requires."""
    marked = F.startswith(content, F.lit(BYTE_ORDER_MARK))
    text = F.when(marked, F.expr("substring(content, 2)")).otherwise(content)
    return F.when(is_utf_8(content.cast("binary")), text)


def json_line_rows(lines: DataFrame, layout: Layout) -> DataFrame:
    """Return the records in ``lines``, one JSON object per line; see :mod:`estrela.etl.readers.csv_rows`."""
    headers, kept = [field.header for field in layout.fields], [name for name in lines.columns if name not in LINE]
    raw_line = line_text((UTF_8,))
    struct = _only_value(raw_line, f"struct<{_struct(headers)}>")
    parsed = filled_lines(lines).select(
        *kept, raw_line.alias("raw_line"), line_fault(raw_line, (UTF_8,)).alias("unread"), struct.alias("record")
    )
    record = F.col("record")
    fault = F.coalesce("unread", F.when(record.isNull(), F.lit("the line is not a JSON object")))
    return parsed.select(*kept, "raw_line", _fields(headers, record), fault.alias("fault"))


def _array_at(text: Column, path: str, array: str) -> Column:
    """Return the array at a dotted ``path`` of a JSON document (``""``: the document itself); NULL without one."""
    names, type_ = path.split(".") if path else [], array
    for name in reversed(names):
        type_ = f"struct<`{name}`: {type_}>"
    value = _only_value(text, type_)
    for name in names:
        value = value[name]
    return value


def _only_value(text: Column, type_: str) -> Column:
    """Return the JSON value that ``text`` is, of an SQL type; NULL if it is anything else, or holds more than that.

    Spark reads the first value and drops what follows; inside an array it does not.
    """
    listed = F.concat(F.lit("["), quoted_numbers(text), F.lit("]"))
    values = F.from_json(listed, f"array<{type_}>")
    return F.when(F.size(values) == 1, F.get(values, F.lit(0)))


def quoted_numbers(text: Column) -> Column:
    """Return the JSON ``text`` with all numbers outside strings in quotes, or NULL if it contains control characters.

    Otherwise Spark converts a number to a double before text: 10000000.00 would become 1.0E7.
    """
    masked = F.replace(F.replace(text, F.lit("\\\\"), F.lit(BACKSLASH)), F.lit('\\"'), F.lit(QUOTE))
    marked = F.regexp_replace(masked, TOKENS, f"$1{MARK}$2{MARK}")
    quoted = F.replace(F.replace(marked, F.lit(MARK * 2), F.lit("")), F.lit(MARK), F.lit('"'))
    whole = F.replace(F.replace(quoted, F.lit(QUOTE), F.lit('\\"')), F.lit(BACKSLASH), F.lit("\\\\"))
    return F.when(~text.rlike("[\x01\x02\x03]"), whole)


def _struct(headers: Sequence[str]) -> str:
    return ", ".join(f"`{header}`: string" for header in headers)


def _fields(headers: Sequence[str], record: Column) -> Column:
    return F.array(*[record[header] for header in headers]).alias("fields")
