"""CAST and TRY_CAST: only the pairs of types that DuckDB converts as Trino does, or that a macro makes so.

Text that Trino certainly takes is converted, text that it certainly refuses is INVALID_CAST_ARGUMENT (NULL under
TRY_CAST), and text in between stops the query with NOT_SUPPORTED.
"""

from __future__ import annotations

import re

from localaws.athena.sql.errors import NotSupportedError, TypeMismatchError
from localaws.athena.sql.operators import fields_of
from localaws.athena.sql.typed import Typed, cast, coerce
from localaws.athena.sql.types import (
    BITS,
    DATE,
    DOUBLE,
    UNKNOWN,
    VARCHAR,
    Type,
    duckdb_type,
    field_names,
    is_integer,
    is_numeric,
)

_SHAPES = {
    "date": r"\d{4}-\d{2}-\d{2}",
    "timestamp": r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?",
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)",
    "double": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
}
_PARSED = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal", "date", "timestamp"}


def convert(value: Typed, kind: Type, *, safe: bool = False) -> Typed:
    """`CAST(value AS kind)`, or `TRY_CAST` when `safe`.

    Raises:
        TypeMismatchError: Trino has no such cast.
        NotSupportedError: the cast exists, its text or rounding is not certain.
    """
    sql = _converted(value, kind, safe)
    if safe and sql != value.sql and value.type.name != "varchar":
        # TRY_CAST forgives the cast alone, not what computes its argument
        forgiven = f"TRY({_converted(Typed('v', value.type), kind, safe)})"
        if is_unsure(forgiven):
            raise NotSupportedError(f"TRY_CAST({value.type} AS {kind})")
        sql = f"list_extract(list_transform([{value.sql}], lambda v: {forgiven}), 1)"
    return Typed(sql, kind, value.literal if sql == value.sql else None)


def is_unsure(sql: str) -> bool:
    """Whether evaluating this text may stop with NOT_SUPPORTED, which a TRY must not turn into NULL."""
    return "unsure" in sql


def _converted(value: Typed, kind: Type, safe: bool) -> str:
    source = value.type
    if source == UNKNOWN or (source == kind and source.zone == kind.zone):
        return coerce(value, kind).sql
    if source.name == "json":
        return _from_json(value, kind)
    if "char" in (source.name, kind.name) or kind.name == "json":
        raise NotSupportedError(f"CAST({source} AS {kind})")
    if kind.name == "varchar":
        return _to_varchar(value, kind)
    if source.name == "varchar":
        return _from_varchar(value, kind, safe)
    if is_numeric(source) or source.name == "boolean":
        return _from_number(value, kind)
    if source.args and source.name == kind.name:
        return _nested(value, kind, safe)
    return _between_instants(value, kind)


def _from_json(value: Typed, kind: Type) -> str:
    """JSON null answers NULL; a scalar becomes the SQL type of its own kind, and no other."""
    if is_integer(kind):
        return cast(f"trino_json_to_bigint_unsure({value.sql})", kind)
    if kind.name in ("double", "boolean") or kind == VARCHAR:
        return f"trino_json_to_{kind.name}_unsure({value.sql})"
    raise NotSupportedError(f"CAST({value.type} AS {kind})")


def _to_varchar(value: Typed, kind: Type) -> str:
    source, length = value.type, kind.size[0] if kind.size else None
    if source.name == "varchar":
        longer = length is not None and (not source.size or source.size[0] > length)
        return f"substring({value.sql}, 1, {length})" if longer else value.sql
    if source.name == "boolean" or is_integer(source) or source.name in ("decimal", "date"):
        text = cast(value.sql, VARCHAR)
    elif source.name == "timestamp":
        text = f"trino_timestamp_text({value.sql}, {source.size[0]})"
    else:
        raise NotSupportedError(f"CAST({source} AS {kind})")
    return text if length is None else f"trino_fit({text}, {length})"


def _from_varchar(value: Typed, kind: Type, safe: bool) -> str:
    if kind.name not in _PARSED:
        raise NotSupportedError(f"CAST({value.type} AS {kind})")
    name = "integer" if is_integer(kind) else "double" if kind.name in ("double", "real") else kind.name
    certain = value.literal is not None and re.fullmatch(_SHAPES.get(name, "(?!)"), value.literal)
    checked = value.sql if certain else f"trino_text_of_{name}_unsure({value.sql}, {str(safe).lower()})"
    if kind.name == "timestamp":
        return _rounded(f"TRY_CAST({checked} AS TIMESTAMP)" if safe else cast(checked, kind), kind)
    return f"TRY_CAST({checked} AS {duckdb_type(kind)})" if safe else cast(checked, kind)


def _from_number(value: Typed, kind: Type) -> str:
    source = value.type
    if not (is_numeric(kind) or kind.name == "boolean"):
        raise TypeMismatchError(f"Cannot cast {source} to {kind}")
    if kind.name == "boolean":
        return f"({value.sql} <> 0)"
    if source.name in ("double", "real") and is_integer(kind):
        return f"CAST(round({value.sql}) AS {kind.name.upper()})"
    if source.name == "double" and kind.name == "decimal":
        return cast(f"trino_double_to_decimal_unsure({value.sql}, {kind.size[1]})", kind)
    if source.name == "real" and kind.name == "decimal":
        raise NotSupportedError(f"CAST({source} AS {kind})")
    return cast(value.sql, kind)


def _nested(value: Typed, kind: Type, safe: bool) -> str:
    if kind.name == "array":
        inner = convert(Typed("x", value.type.args[0]), kind.args[0], safe=safe).sql
        return value.sql if inner == "x" else f"list_transform({value.sql}, lambda x: {inner})"
    if kind.name == "row":
        if len(kind.args) != len(value.type.args):
            raise TypeMismatchError(f"Cannot cast {value.type} to {kind}")
        parts = [convert(f, k, safe=safe).sql for f, k in zip(fields_of(value), kind.args, strict=True)]
        packed = ", ".join(f'"{n}" := {p}' for n, p in zip(field_names(kind), parts, strict=True))
        return f"CASE WHEN {value.sql} IS NULL THEN NULL ELSE struct_pack({packed}) END"
    raise NotSupportedError(f"CAST({value.type} AS {kind})")


def _between_instants(value: Typed, kind: Type) -> str:
    pair = (value.type.name, kind.name)
    if pair == ("timestamp", "date"):
        return cast(value.sql, DATE)
    if pair == ("timestamp with time zone", "date") and value.type.zone:
        return cast(f"({value.sql} AT TIME ZONE '{value.type.zone}')", DATE)
    if pair in (("date", "timestamp"), ("date", "timestamp with time zone")):
        return coerce(value, kind).sql
    if value.type.name == kind.name and kind.name.startswith("timestamp"):
        return _reprecision(value, kind)
    if pair == ("timestamp", "timestamp with time zone"):
        return f"({value.sql} AT TIME ZONE 'UTC')"
    if pair == ("timestamp with time zone", "timestamp") and value.type.zone:
        return f"({value.sql} AT TIME ZONE '{value.type.zone}')"
    raise NotSupportedError(f"CAST({value.type} AS {kind})")


def _reprecision(value: Typed, kind: Type) -> str:
    if value.type.size[0] <= kind.size[0]:
        return value.sql
    if kind.name != "timestamp":
        raise NotSupportedError(f"CAST({value.type} AS {kind})")
    return _rounded(value.sql, kind)


def _rounded(sql: str, kind: Type) -> str:
    return sql if kind.size[0] == 6 else f"trino_round_timestamp({sql}, {10 ** (6 - kind.size[0])})"


def widest_integer(digits: int) -> str:
    """The integer type of a literal: integer where it fits, else bigint."""
    return "integer" if -(2 ** (BITS["integer"] - 1)) <= digits < 2 ** (BITS["integer"] - 1) else "bigint"


def as_double(value: Typed) -> str:
    """The value as a double, for functions that take doubles."""
    return coerce(value, DOUBLE).sql
