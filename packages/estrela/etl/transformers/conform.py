"""Typed rows out of rows of text: every declared column, and for a row that does not conform the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.text_rows import RAW_LIMIT
from estrela.etl.transformers.fields import allowed, form, value
from estrela.model.source import CsvSource, FromRequest, Layout, Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VALUE_LIMIT = 200
REJECT = ("column_name", "value", "reason", "request", "raw_line")
"""Fields of the struct that tells of a reject, all strings."""


def conform(
    rows: DataFrame, source: Source, layout: Layout, positions: Sequence[int], latin: bool = False
) -> DataFrame:
    """The trusted columns of ``source``, and ``reject``, a struct of the fields ``REJECT``, NULL for a sound row.

    ``rows`` has the columns that the intake gives; ``positions`` tells where in ``fields`` each field stands.

    Spark makes one Java method of all that stands here, and Java does not compile one of more than 8,000 bytes: it
    creeps. Spark cuts before a select that uses everything given to it more than once: hence the column ``_row``.
    """
    types = {column.name: column.type for column in source.columns}
    places = {one.column: place for one, place in zip(layout.fields, positions, strict=True)}
    told = [f"requested_{one.column}" for one in source.from_request]
    kept = F.struct("name", "source_line", "fetched_at", "request", *told, "raw_line", "fields", "fault")
    trimmed = rows.select(
        kept.alias("_row"),
        *[F.trim(F.get("fields", F.lit(place))).alias(f"t_{name}") for name, place in places.items()],
    )
    nothing = source.null_words if isinstance(source, CsvSource) else ()
    texts = trimmed.select("_row", *[_unless(F.col(f"t_{name}"), nothing).alias(f"t_{name}") for name in places])
    forms = texts.select(
        "_row",
        *[f"t_{name}" for name in places],
        *[
            form(F.col(f"t_{one.column}"), one.parse, types[one.column], latin).alias(f"f_{one.column}")
            for one in layout.fields
        ],
    )
    values = forms.select(
        "_row",
        F.col("_row.fault").alias("_fault"),
        *[f"t_{name}" for name in places],
        *[
            F.expr(value(f"t_{one.column}", f"f_{one.column}", one.parse, types[one.column])).alias(f"v_{one.column}")
            for one in layout.fields
        ],
    )
    faults = [*_field_faults(layout, types, places), *_mismatches(source, layout, places, types)]
    judged = values.select("_row", "_fault", *_trusted(source, layout, types), _first(faults).alias("_first"))
    return judged.select(
        *[column.name for column in source.columns],
        F.col("_row.name").alias("source_file"),
        *["_row.source_line", "_row.fetched_at"],
        _reject(faults, nothing).alias("reject"),
    )


def _unless(text: Column, words: Sequence[str]) -> Column:
    """``text``, NULL where it is one of ``words``."""
    return F.when(~text.isin(*words), text) if words else text


def _requested(one: FromRequest) -> Column:
    """What the file was requested for."""
    return F.col(f"_row.requested_{one.column}")


def _trusted(source: Source, layout: Layout, types: Mapping[str, str]) -> list[Column]:
    """Every declared column: from a field, a constant, the request, or NULL where this layout does not have it."""
    columns = {one.column: _requested(one) for one in source.from_request}
    columns |= {one.column: F.col(f"v_{one.column}") for one in layout.fields}
    columns |= {name: F.lit(value) for name, value in layout.constants.items()}
    return [columns.get(column.name, F.lit(None)).cast(column.type).alias(column.name) for column in source.columns]


@dataclass(frozen=True)
class _Fault:
    """Something that may be wrong with a row: where it is ``found``, and the field at ``place`` that it is about."""

    found: Column
    header: str
    place: int
    allowed: str = ""
    reason: Column | None = None


def _field_faults(layout: Layout, types: Mapping[str, str], places: Mapping[str, int]) -> list[_Fault]:
    """Fields that are blank, though required, or cannot be read."""
    faults = []
    for one in layout.fields:
        missing = F.col(f"v_{one.column}").isNull()
        found = missing if one.required else missing & (F.col(f"t_{one.column}") != "")
        faults.append(_Fault(found, one.header, places[one.column], allowed(one.parse, types[one.column])))
    return faults


def _mismatches(source: Source, layout: Layout, places: Mapping[str, int], types: Mapping[str, str]) -> list[_Fault]:
    """Fields that are not what the file was requested for."""
    headers = {one.column: one.header for one in layout.fields}
    faults = []
    for asked in source.from_request:
        if asked.match and asked.column in headers:
            wanted = _requested(asked)
            reason = F.concat(F.lit("the file was requested for "), wanted.cast("string"))
            differs = F.col(f"v_{asked.column}") != wanted
            faults.append(_Fault(differs, headers[asked.column], places[asked.column], reason=reason))
    return faults


def _first(faults: Sequence[_Fault]) -> Column:
    """-1 where the row as a whole is faulty, else the number of the first fault; NULL without one."""
    place = F.array_position(F.array(*[F.coalesce(one.found, F.lit(False)) for one in faults]), True)
    return F.when(F.col("_fault").isNotNull(), -1).when(place > 0, (place - 1).cast("int"))


def _reject(faults: Sequence[_Fault], nothing: Sequence[str]) -> Column:
    """What the first fault says of the row; NULL without one."""
    at = F.col("_first")

    def told(values: Iterable[str | int]) -> Column:
        return F.get(F.array(*[F.lit(value) for value in values]), at)

    text = F.coalesce(F.trim(F.get(F.col("_row.fields"), told(one.place for one in faults))), F.lit(""))
    made = [F.when(at == number, one.reason) for number, one in enumerate(faults) if one.reason is not None]
    blank = F.when(text.isin("", *nothing), "is blank; a value is required")
    field_wrong = F.coalesce(*made, blank, told(one.allowed for one in faults))
    whole = at == -1
    found = (
        F.when(whole, "").otherwise(told(one.header for one in faults)),
        F.substring(F.when(whole, F.col("_row.raw_line")).otherwise(text), 1, VALUE_LIMIT),
        F.when(whole, F.col("_fault")).otherwise(field_wrong),
        F.col("_row.request"),
        F.substring("_row.raw_line", 1, RAW_LIMIT),
    )
    named = [value.alias(name) for name, value in zip(REJECT, found, strict=True)]
    return F.when(at.isNotNull(), F.struct(*named))
