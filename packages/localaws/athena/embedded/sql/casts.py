"""CAST and TRY_CAST, limited to pairs of types that DuckDB, or a macro, converts as Trino does.

Text that Trino certainly accepts is converted, text that it certainly refuses is INVALID_CAST_ARGUMENT (NULL under
TRY_CAST), and any other text stops the query with NOT_SUPPORTED.
"""

from __future__ import annotations

import re

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.json_casts import from_json, to_json
from localaws.athena.embedded.sql.operators import fields_of
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, text_literal
from localaws.athena.embedded.sql.zones import wall_clock
from localaws.athena.sql_errors import NotSupportedError, TypeMismatchError
from localaws.athena.types.trino import (
    BITS,
    DATE,
    DOUBLE,
    UNKNOWN,
    VARCHAR,
    Type,
    field_names,
    is_integer,
    is_numeric,
    timestamp,
)

_SHAPES = {
    "date": r"\d{4}-\d{1,2}-\d{1,2}",
    "timestamp": r"\d{4}-\d{2}-\d{2}( ([01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,6})?)?",
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)",
    "double": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
}
_PARSED = {
    "uuid",
    "time",
    "boolean",
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double",
    "decimal",
    "date",
    "timestamp",
}


def convert(value: Typed, kind: Type, *, safe: bool = False) -> Typed:
    """`CAST(value AS kind)`, or `TRY_CAST` when `safe`.

    Raises:
        TypeMismatchError: Trino has no such cast.
        NotSupportedError: the cast exists, but its text or rounding is not certain.
    """
    sql = _converted(value, kind, safe)
    if safe and sql != value.sql and value.type.name != "varchar":
        # TRY_CAST turns only errors of the cast into NULL, not errors of its argument.
        forgiven = f"TRY({_converted(Typed('v', value.type), kind, safe)})"
        if is_unsure(forgiven):
            raise NotSupportedError(f"TRY_CAST({value.type} AS {kind})")
        sql = f"list_extract(list_transform([{value.sql}], lambda v: {forgiven}), 1)"
    return Typed(sql, kind, value.literal if sql == value.sql else None)


def is_unsure(sql: str) -> bool:
    """Return whether evaluating this SQL may stop with NOT_SUPPORTED, which TRY must not turn into NULL."""
    return "unsure" in sql


def _converted(value: Typed, kind: Type, safe: bool) -> str:
    source = value.type
    if source == UNKNOWN or (source == kind and source.zone == kind.zone):
        return coerce(value, kind).sql
    if "json" in (source.name, kind.name):
        return from_json(value.sql, kind) if source.name == "json" else to_json(value, _text)
    if kind.name in ("char", "varchar"):
        return _to_char(value, kind) if kind.name == "char" else _to_varchar(value, kind)
    if source.name == "char":
        raise NotSupportedError(f"CAST({source} AS {kind})")
    if source.name == "varchar":
        return _from_varchar(value, kind, safe)
    if is_numeric(source) or source.name == "boolean":
        return _from_number(value, kind)
    if source.args and source.name == kind.name:
        return _nested(value, kind, safe)
    return _between_instants(value, kind)


def _to_char(value: Typed, kind: Type) -> str:
    """Convert to char; DuckDB values of char have no trailing spaces."""
    text = value.sql if value.type.name == "char" else _to_varchar(value, VARCHAR)
    return f"rtrim(substring({text}, 1, {kind.size[0]}), ' ')"


def _to_varchar(value: Typed, kind: Type) -> str:
    source, length = value.type, kind.size[0] if kind.size else None
    if source.name == "varchar":
        longer = length is not None and (not source.size or source.size[0] > length)
        return f"substring({value.sql}, 1, {length})" if longer else value.sql
    text = _text(value)
    return text if length is None else f"trino_fit({text}, {length})"


def _text(value: Typed) -> str:
    """The value as an unbounded varchar."""
    source = value.type
    if source.name == "varchar":
        return value.sql
    if source.name == "boolean" or is_integer(source) or source.name in ("decimal", "date", "uuid"):
        return cast(value.sql, VARCHAR)
    if source.name in ("double", "real"):
        return f"trino_{source.name}_text({value.sql})"
    if source.name == "timestamp":
        return f"trino_timestamp_text({value.sql}, {source.size[0]})"
    if source.name == "timestamp with time zone" and source.zone:
        local = wall_clock(value.sql, source.zone)
        return f"(trino_timestamp_text({local}, {source.size[0]}) || {text_literal(f' {source.zone}')})"
    if source.name == "time":
        return f"trino_time_text({value.sql}, {source.size[0]})"
    if source.name == "char":
        return f"rpad({value.sql}, {source.size[0]}, ' ')"
    if source.args:
        raise TypeMismatchError(f"Cannot cast {source} to varchar")
    raise NotSupportedError(f"CAST({source} AS varchar)")


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
    if source.name in ("double", "real") and kind.name == "decimal":
        return cast(f"trino_{source.name}_to_decimal({value.sql}, {kind.size[0]}, {kind.size[1]})", kind)
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
    zone = value.type.zone
    if value.type.name == "timestamp with time zone" and zone and kind.name in ("date", "timestamp", "time"):
        return _between_instants(Typed(wall_clock(value.sql, zone), timestamp(6)), kind)
    if pair == ("timestamp", "time"):
        return cast(_rounded(value.sql, kind), kind)
    if pair == ("timestamp", "timestamp with time zone"):
        return f"({_rounded(value.sql, kind)} AT TIME ZONE 'UTC')"
    if pair in (("date", "timestamp"), ("date", "timestamp with time zone")):
        return coerce(value, kind).sql
    if value.type.name == kind.name and kind.name.startswith("timestamp"):
        return _with_precision(value, kind)
    if pair == ("timestamp", "timestamp with time zone"):
        return f"({value.sql} AT TIME ZONE 'UTC')"
    if pair == ("timestamp with time zone", "timestamp") and value.type.zone:
        return f"({value.sql} AT TIME ZONE '{value.type.zone}')"
    raise NotSupportedError(f"CAST({value.type} AS {kind})")


def _with_precision(value: Typed, kind: Type) -> str:
    if value.type.size[0] <= kind.size[0]:
        return value.sql
    if kind.name != "timestamp":
        raise NotSupportedError(f"CAST({value.type} AS {kind})")
    return _rounded(value.sql, kind)


def _rounded(sql: str, kind: Type) -> str:
    return sql if kind.size[0] == 6 else f"trino_round_timestamp({sql}, {10 ** (6 - kind.size[0])})"


def widest_integer(digits: int) -> str:
    """The type of an integer literal: integer if it fits, else bigint."""
    return "integer" if -(2 ** (BITS["integer"] - 1)) <= digits < 2 ** (BITS["integer"] - 1) else "bigint"


def as_double(value: Typed) -> str:
    """The value as a double, for functions that take doubles."""
    return coerce(value, DOUBLE).sql
