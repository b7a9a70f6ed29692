"""Lines of fixed-width files as rows of fields; see :mod:`estrela.etl.readers.csv_rows`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.file_rows import LINE
from estrela.etl.readers.text_lines import filled_lines, line_fault, line_text
from estrela.model.formats import FixedWidthSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def fixed_rows(lines: DataFrame, source: FixedWidthSource) -> DataFrame:
    """Return the rows in ``lines``. A line that is too short, or has text after the last field, gets a fault."""
    raw_line, kept = line_text(source.encodings), [name for name in lines.columns if name not in LINE]
    fields = F.array(*[F.substring(raw_line, first, last - first + 1) for first, last in source.spans])
    size = F.length(raw_line)
    short = F.concat(F.lit("the line has "), size, F.lit(f" characters, but {source.width} are declared"))
    has_rest = F.trim(F.substring(raw_line, source.width + 1, 1 << 30)) != ""
    long = F.lit(f"the line has text after the {source.width} declared characters")
    length_fault = F.when(size < source.width, short).when(has_rest, long)
    fault = F.coalesce(line_fault(raw_line, source.encodings), length_fault)
    return filled_lines(lines).select(*kept, raw_line.alias("raw_line"), fields.alias("fields"), fault.alias("fault"))
