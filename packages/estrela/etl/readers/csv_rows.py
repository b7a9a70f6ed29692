"""Lines of CSV files as rows of fields.

Every reader of a format takes lines with the columns of :func:`estrela.etl.readers.file_rows.with_files`. It replaces
``text``, ``line`` and ``damage`` by ``raw_line`` string, ``fields`` array of strings, and ``fault`` string, which is
the fault of the row as a whole, or NULL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.dialect import BAD_QUOTES, Dialect
from estrela.etl.readers.encoding import LOST
from estrela.etl.readers.file_rows import LINE
from estrela.etl.readers.text_lines import filled_lines, line_fault, line_text
from estrela.model.source import CsvSource

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MOST_FIELDS = 100_000


def csv_rows(lines: DataFrame, source: CsvSource, dialect: Dialect) -> DataFrame:
    """Return the rows in ``lines``, from files of one dialect, without header lines."""
    filled = filled_lines(lines)
    body = filled.where("source_line > 1 OR damage IS NOT NULL") if source.header else filled
    raw_line = line_text(source.encodings)
    text = _with_lost(raw_line, source.lost) if source.lost else raw_line
    unread, kept = line_fault(raw_line, source.encodings), [name for name in lines.columns if name not in LINE]
    if dialect.quote:
        texts = body.select(*kept, raw_line.alias("raw_line"), unread.alias("unread"), text.alias("text"))
        return _quoted(texts, source, dialect).select(*kept, "raw_line", "fields", "fault")
    fields = F.split(text, _pattern(dialect.delimiter), -1)
    fault = _fault(fields, dialect, source.null_words, unread)
    return body.select(*kept, raw_line.alias("raw_line"), fields.alias("fields"), fault.alias("fault"))


def _with_lost(text: Column, lost: str) -> Column:
    """Return ``text`` with U+FFFD for each character in ``lost``. Searching is cheap, and few lines have one."""
    has_any = reduce(or_, [F.contains(text, F.lit(sign)) for sign in lost])
    return F.when(has_any, F.translate(text, lost, LOST * len(lost))).otherwise(text)


def _quoted(texts: DataFrame, source: CsvSource, dialect: Dialect) -> DataFrame:
    """Add fields and fault to ``texts``, which may be quoted; only lines with a quote are parsed as in RFC 4180."""
    has_quote = F.contains("text", F.lit(dialect.quote))
    parsed = texts.withColumn("row", F.when(has_quote, _parsed(F.col("text"), dialect)))
    # A row may end with a delimiter that the header lacks.
    closed = F.col("row.broken").isNotNull() & F.endswith("text", F.lit(dialect.delimiter))
    shorter = F.expr("substring(text, 1, length(text) - 1)")
    judged = parsed.withColumn("row", F.when(closed, _parsed(shorter, dialect)).otherwise(F.col("row")))
    quoted = F.when(F.col("row").isNotNull(), F.array(*[F.col("row")[name] for name in _names(dialect)]))
    split = judged.withColumn("fields", F.coalesce(quoted, F.split("text", _pattern(dialect.delimiter), -1)))
    wrong = F.lit(dialect.wrong_width)
    badly = F.when(_is_badly_quoted(dialect.quote), F.lit(BAD_QUOTES))
    fault = F.coalesce(
        "unread",
        F.when(F.col("row.broken").isNotNull(), wrong),
        F.when(has_quote, badly).otherwise(_fault(F.col("fields"), dialect, source.null_words, F.col("unread"))),
    )
    return split.withColumn("fault", fault)


def _names(dialect: Dialect) -> list[str]:
    return [f"c{place}" for place in range(dialect.width)]


def _parsed(text: Column, dialect: Dialect) -> Column:
    """Return a struct of the fields of ``text``; ``broken`` is NULL if their number is that of the header."""
    schema = ", ".join(f"{name} string" for name in (*_names(dialect), "broken"))
    options = {
        "sep": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.quote,
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": "broken",
        # Without this, Spark rewrites line ends inside quotes.
        "multiLine": "true",
        "lineSep": "\n",
    }
    return F.from_csv(text, schema, options)


def _is_badly_quoted(quote: str) -> Column:
    """Return whether the parser was too lenient: a field still begins with its quote, or the last one is not closed.

    A quoted field that contains quotes is written with each of them doubled.
    """

    def written(value: Column) -> Column:
        return F.concat(F.lit(quote), F.replace(value, F.lit(quote), F.lit(quote * 2)))

    def is_left(value: Column) -> Column:
        return F.startswith(value, F.lit(quote)) & ~F.contains(F.col("text"), F.concat(written(value), F.lit(quote)))

    opened = written(F.coalesce(F.element_at("fields", -1), F.lit("")))
    is_open = F.endswith("text", opened) & ~F.endswith("text", F.concat(opened, F.lit(quote)))
    return F.exists("fields", is_left) | is_open


def _pattern(delimiter: str) -> str:
    # For a single plain or escaped character Java splits without compiling a pattern per row.
    return delimiter if delimiter.isalnum() or delimiter in ";,\t" else f"\\{delimiter}"


def _fault(fields: Column, dialect: Dialect, null_words: Sequence[str], unread: Column) -> Column:
    """Return ``unread``, or else the fault in the number of fields, or NULL. Additional fields are allowed if blank."""
    used = dialect.used
    size = F.size(fields)
    few = F.concat(F.lit("the row has "), size, F.lit(f" fields, but {used} are declared"))
    many = F.concat(
        F.lit("the row has "), size, F.lit(f" fields, but {used} are declared and the others must be blank")
    )
    # If the header ends in blank columns, a row that lacks them but ends in an empty field has lost an earlier field.
    ends_empty = F.get(fields, F.lit(used - 1)) == ""
    short = (size == used) & ends_empty if dialect.width > used else F.lit(False)
    lost = F.lit(dialect.lost_field)
    # Decides nearly all rows: no additional field, or a single empty one. Spark evaluates a shared expression once only
    # if it is needed for every row; behind another condition, the line would be split again.
    usual = ((size == used) & ~short) | ((size == used + 1) & (F.get(fields, F.lit(used)) == ""))
    blank = "|".join([r"[\s,]", *map(re.escape, null_words)])
    filled = ~F.array_join(F.slice(fields, used + 1, MOST_FIELDS), ",").rlike(f"^({blank})*\\z")
    fault = F.when(size < used, few).when(short, lost).when(filled, many)
    return F.when(usual, unread).otherwise(F.coalesce(unread, fault))
