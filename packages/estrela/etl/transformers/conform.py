"""Typed rows out of rows of text: every declared column, and for a row that does not conform the reason why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.transformers.fields import allowed, cast, castable, cleaned
from estrela.etl.transformers.intake import RAW_LIMIT
from estrela.model.parse import Text
from estrela.model.source import Field, Layout, Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VALUE_LIMIT = 200


def conform(
    rows: DataFrame, source: Source, layout: Layout, positions: Sequence[int], latin: bool = False
) -> DataFrame:
    """The trusted columns of ``source``, request, raw_line, and ``reject``: NULL or (column_name, value, reason).

    ``rows`` has the columns that the intake gives; ``positions`` tells where in ``fields`` each field stands.
    """
    words: tuple[str, ...] = getattr(source, "null_words", ())
    types = {column.name: column.type for column in source.columns}
    kept = ("name", "source_line", "fetched_at", "request", "requested", "raw_line", "fault")
    pairs = list(zip(layout.fields, positions, strict=True))
    texts = rows.select(
        *kept,
        *[
            cleaned(F.get("fields", F.lit(place)), words, latin and isinstance(one.parse, Text)).alias(
                f"t_{one.column}"
            )
            for one, place in pairs
        ],
    )
    castables = texts.select(
        "*",
        *[
            castable(F.col(f"t_{one.column}"), one.parse, types[one.column]).alias(f"c_{one.column}")
            for one, _ in pairs
        ],
    )
    values = castables.select(
        *kept,
        *[f"t_{one.column}" for one in layout.fields],
        *[cast(f"c_{one.column}", types[one.column]).alias(f"v_{one.column}") for one in layout.fields],
        *_requested(source, types),
    )
    return values.select(
        *_trusted(source, layout), "request", "raw_line", _reject(source, layout, types).alias("reject")
    )


def _requested(source: Source, types: dict[str, str]) -> list[Column]:
    return [
        F.expr(f"try_cast(requested['{one.key}'] AS {types[one.column]}) AS r_{one.column}")
        for one in source.from_request
    ]


def _trusted(source: Source, layout: Layout) -> list[Column]:
    """Every trusted column: from a field, a constant, the request, or NULL where this layout does not have it."""
    columns = {one.column: F.col(f"r_{one.column}") for one in source.from_request}
    columns |= {one.column: F.col(f"v_{one.column}") for one in layout.fields}
    columns |= {name: F.lit(value) for name, value in layout.constants.items()}
    declared = [columns.get(column.name, F.lit(None)).cast(column.type).alias(column.name) for column in source.columns]
    return [*declared, F.col("name").alias("source_file"), "source_line", "fetched_at"]


def _reject(source: Source, layout: Layout, types: dict[str, str]) -> Column:
    """The first thing that is wrong with a row."""
    row_wrong = F.when(F.col("fault").isNotNull(), _reason("", F.substring("raw_line", 1, VALUE_LIMIT), F.col("fault")))
    wrongs = [_field_wrong(one, types[one.column]) for one in layout.fields]
    filled = {one.column: one for one in layout.fields}
    mismatches = [
        F.when(
            F.coalesce(F.col(f"v_{one.column}") != F.col(f"r_{one.column}"), F.lit(False)),
            _reason(
                filled[one.column].header,
                F.col(f"t_{one.column}"),
                F.concat(F.lit("the file was requested for "), F.col(f"r_{one.column}").cast("string")),
            ),
        )
        for one in source.from_request
        if one.match and one.column in filled
    ]
    return F.coalesce(row_wrong, *wrongs, *mismatches)


def _field_wrong(one: Field, type_: str) -> Column:
    text, value = F.col(f"t_{one.column}"), F.col(f"v_{one.column}")
    unreadable = F.when(text.isNotNull() & value.isNull(), _reason(one.header, text, F.lit(allowed(one.parse, type_))))
    if not one.required:
        return unreadable
    return F.coalesce(
        F.when(text.isNull(), _reason(one.header, F.lit(""), F.lit("is blank; a value is required"))), unreadable
    )


def _reason(column: str, value: Column, reason: Column) -> Column:
    return F.struct(
        F.lit(column).alias("column_name"), F.substring(value, 1, VALUE_LIMIT).alias("value"), reason.alias("reason")
    )


def reject_row(row: str = "raw_line") -> Column:
    """What is kept of a rejected row, as one struct."""
    return F.struct(
        "request",
        F.col("source_file"),
        F.col("source_line"),
        F.col("reject.column_name").alias("column_name"),
        F.col("reject.value").alias("value"),
        F.col("reject.reason").alias("reason"),
        F.substring(row, 1, RAW_LIMIT).alias("raw_line"),
    )
