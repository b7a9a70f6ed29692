"""Conversion of rows of text to typed rows, with the reason for every row that does not conform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.errors import MASK
from estrela.etl.transformers.fields import form, sql_text, sql_value, value
from estrela.model.accepted import allowed
from estrela.model.parse import Text
from estrela.model.source import CsvSource, Field, FromRequest, Layout, Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

VALUE_LIMIT = 200
RAW_LIMIT = 1000
BLANK = "is blank; a value is required"
REJECT = ("column_name", "value", "reason", "request", "raw_line")
"""Fields of the struct that describes a reject, all strings."""


def conform(rows: DataFrame, source: Source, layout: Layout, positions: Sequence[int]) -> DataFrame:
    """Return the trusted columns, ``_file``, and ``_reject``, a struct of the fields ``REJECT``, NULL for a good row.

    ``rows`` has the columns of :func:`estrela.etl.readers.csv_rows.csv_rows`; ``positions`` gives the index in
    ``fields`` of each field of ``layout``. The first projection computes the forms of all fields; the second computes
    their values and the first fault. Each projection copies the row, and evaluates an expression that its columns share
    only once.
    """
    types = {column.name: column.type for column in source.columns}
    nothing = source.null_words if isinstance(source, CsvSource) else ()
    texts = {field.column: _text(field, place, nothing) for field, place in zip(layout.fields, positions, strict=True)}
    # The prefix prevents name clashes: no declared column begins with an underscore.
    own = rows.select(*[F.col(name).alias(f"_{name}") for name in rows.columns])
    formed = own.select(
        "*",
        *[
            form(texts[field.column], field.parse, types[field.column]).alias(f"_f_{field.column}")
            for field in layout.fields
        ],
    )
    values = {
        field.column: value(texts[field.column], f"_f_{field.column}", field.parse, types[field.column])
        for field in layout.fields
    }
    places = {field.column: place for field, place in zip(layout.fields, positions, strict=True)}
    faults = [*_field_faults(source, layout, places, values, texts), *_mismatches(source, layout, places, values)]
    judged = formed.select(
        *own.columns,
        *_trusted(source, layout, values),
        _first(faults).alias("_first"),
    )
    return judged.select(
        *[column.name for column in source.columns],
        F.col("_name").alias("source_file"),
        F.col("_source_line").alias("source_line"),
        F.col("_fetched_at").alias("fetched_at"),
        "_file",
        _reject(faults, nothing, source.is_sensitive).alias("_reject"),
    )


def _text(declared: Field, place: int, nothing: Sequence[str]) -> str:
    """Return the SQL of a field's text: trimmed unless the parser keeps spaces, and NULL if it is in ``nothing``."""
    field = f"get(`_fields`, {place})"
    text = field if isinstance(declared.parse, Text) and not declared.parse.trim else f"trim({field})"
    words = ", ".join(map(sql_text, nothing))
    return f"CASE WHEN NOT {text} IN ({words}) THEN {text} END" if words else text


def _requested(asked: FromRequest) -> Column:
    """Return the column with the value from the file's request."""
    return F.col(f"_requested_{asked.column}")


def _trusted(source: Source, layout: Layout, values: Mapping[str, Column]) -> list[Column]:
    """Return all declared columns: from a field, a constant or the request, or NULL if this layout lacks them."""
    columns = {asked.column: _requested(asked) for asked in source.from_request} | dict(values)
    columns |= {name: F.lit(value) for name, value in layout.constants.items()}
    return [columns.get(column.name, F.lit(None)).cast(column.type).alias(column.name) for column in source.columns]


@dataclass(frozen=True)
class _Fault:
    """A fault of the field at ``place``, present in rows for which ``is_met`` is true."""

    is_met: Column
    header: str
    place: int
    allowed: str = ""
    reason: Column | None = None
    is_sensitive: bool = False


def _field_faults(
    source: Source, layout: Layout, places: Mapping[str, int], values: Mapping[str, Column], texts: Mapping[str, str]
) -> list[_Fault]:
    """Return the faults of required fields that are blank, and of fields that cannot be parsed."""
    columns = {column.name: column for column in source.columns}
    faults = []
    for field in layout.fields:
        column, is_text = columns[field.column], isinstance(field.parse, Text)
        if is_text and not field.required:
            continue
        missing = values[field.column].isNull()
        is_faulty = missing if field.required else missing & (F.expr(texts[field.column]) != "")
        rule = BLANK if is_text else allowed(field.parse, column.type)
        faults.append(_Fault(is_faulty, field.header, places[field.column], rule, is_sensitive=column.sensitive))
    return faults


def _mismatches(
    source: Source, layout: Layout, places: Mapping[str, int], values: Mapping[str, Column]
) -> list[_Fault]:
    """Return the faults of fields whose value differs from the request of the file."""
    headers = {field.column: field.header for field in layout.fields}
    sensitive = {column.name for column in source.columns if column.sensitive}
    faults = []
    for asked in source.from_request:
        if asked.match and asked.column in headers:
            column, wanted = asked.column, _requested(asked)
            shown = F.lit(MASK) if column in sensitive else wanted.cast("string")
            reason = F.concat(F.lit("the value differs from that of the file's request: "), shown)
            differs = values[column] != wanted
            faults.append(_Fault(differs, headers[column], places[column], "", reason, column in sensitive))
    return faults


def _first(faults: Sequence[_Fault]) -> Column:
    """Return -1 if the row as a whole is faulty, else the index of the first fault, or NULL if the row has none."""
    whole = F.when(F.col("_fault").isNotNull(), F.lit(-1))
    # A chain of conditions would be lazy. This evaluates all faults, so that Spark shares their values with the
    # columns.
    return F.least(
        whole, F.lit(None).cast("int"), *[F.when(fault.is_met, F.lit(at)) for at, fault in enumerate(faults)]
    )


def _reject(faults: Sequence[_Fault], nothing: Sequence[str], masks_lines: bool) -> Column:
    """Return the description of the row's first fault, or NULL. ``masks_lines`` hides the raw line, also as a value."""
    at = F.col("_first")

    def chosen(values: Iterable[str | int | bool]) -> Column:
        return F.get(F.expr(f"array({', '.join(map(sql_value, values))})"), at)

    text = F.coalesce(F.trim(F.get(F.col("_fields"), chosen(fault.place for fault in faults))), F.lit(""))
    reasons = [F.when(at == number, fault.reason) for number, fault in enumerate(faults) if fault.reason is not None]
    is_blank = text.isin("", *nothing)
    blank = F.when(is_blank, BLANK)
    field_wrong = F.coalesce(*reasons, blank, chosen(fault.allowed for fault in faults))
    shown = F.when(~is_blank & chosen(fault.is_sensitive for fault in faults), F.lit(MASK)).otherwise(text)
    raw_line = F.lit(MASK) if masks_lines else F.col("_raw_line")
    whole = at == -1
    columns = (
        F.when(whole, "").otherwise(chosen(fault.header for fault in faults)),
        F.substring(F.when(whole, raw_line).otherwise(shown), 1, VALUE_LIMIT),
        F.when(whole, F.col("_fault")).otherwise(field_wrong),
        F.col("_request"),
        F.substring(raw_line, 1, RAW_LIMIT),
    )
    named = [value.alias(name) for name, value in zip(REJECT, columns, strict=True)]
    return F.when(at.isNotNull(), F.struct(*named))
