"""Decoding of lines with the first declared encoding in which each is valid.

The functions on lines return expressions on the columns of :mod:`estrela.etl.readers.lines` and ``source_line`` rather
than new DataFrames. Callers combine them in a single projection, which copies each row once and evaluates shared
expressions once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.encoding import LOST, UTF_8
from estrela.etl.readers.refusal import REFUSED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BYTE_ORDER_MARK = "\ufeff"


def with_text(contents: DataFrame, encodings: Sequence[str]) -> DataFrame:
    """Return ``name``, ``content`` (binary) and ``text`` of whole files.

    ``text`` is NULL if a line could differ from it when decoded on its own. Decoding a whole file is several times
    faster than decoding its lines.
    """
    first, *others = encodings
    content, text = F.col("content"), F.col("text")
    # Several projections, because within one Spark would decode a file more than once.
    decoded = contents.select("name", content.cast("binary").alias("content"))
    decoded = decoded.select("name", "content", F.decode(content, first).alias("text"))
    is_whole = ~F.contains(text, F.lit(LOST))
    if others:
        # If each byte gave one character, no UTF-8 character has several bytes: only ASCII lines are valid UTF-8.
        in_other = F.when(F.length(text) == F.octet_length(content), F.decode(content, others[0]))
        decoded = decoded.select("name", "content", F.when(is_whole, text).otherwise(in_other).alias("text"))
    return decoded.select("name", "content", F.when(is_whole, text).alias("text"))


def filled_lines(lines: DataFrame) -> DataFrame:
    """Return the lines that are not blank, undecoded ones judged by their bytes, and the line of each damaged file."""
    stored = F.coalesce("text", F.col("line").cast("string"))
    return lines.where((F.trim(stored) != "") | F.col("damage").isNotNull())


def line_text(encodings: Sequence[str]) -> Column:
    """Return the text of the line, without a byte order mark."""
    line, (first, *others) = F.col("line"), encodings
    decoded = F.decode(line, first)
    if others:
        decoded = F.when(is_utf_8(line), line.cast("string")).otherwise(F.decode(line, others[0]))
    text = F.coalesce("text", decoded)
    return F.when(F.col("source_line") == 1, F.regexp_replace(text, f"^{BYTE_ORDER_MARK}", "")).otherwise(text)


def line_fault(text: Column, encodings: Sequence[str]) -> Column:
    """Return the reason why the line, decoded as ``text``, is unusable: undecodable bytes, or a damaged file."""
    line, damage = F.col("line"), F.col("damage")
    # A U+FFFD that is in the UTF-8 bytes themselves is allowed: another program wrote it.
    is_replaced = line.isNotNull() & F.contains(text, F.lit(LOST)) & ~F.contains(line.cast("string"), F.lit(LOST))
    reason = F.lit(f"the row is not text in {' or '.join(encodings)}")
    return F.when(damage.isNotNull(), F.concat(F.lit(REFUSED), damage)).when(is_replaced, reason)


def is_utf_8(line: Column) -> Column:
    """Return whether the line is valid UTF-8; it may itself contain U+FFFD."""
    decoded = F.decode(line, UTF_8)
    return ~F.contains(decoded, F.lit(LOST)) | (F.encode(decoded, UTF_8) == line)
