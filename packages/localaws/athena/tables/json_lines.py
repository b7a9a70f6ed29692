"""JSON lines: the JsonSerDe of Hive and that of OpenX.

A JSON value is taken for a column only where both SerDes agree on what it becomes; else the query fails and names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.sql.types import BITS, Type, field_names
from localaws.athena.tables.hive import HiveTable

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?")
_FOLLOWED = {"ignore.malformed.json", "serialization.format", "case.insensitive", "paths"}


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def json_reader(table: HiveTable) -> Callable[[str], list[Any]]:
    """The function that reads a line into the columns' values; raise UnsupportedError for a setting not followed."""
    for name in table.serde_parameters:
        if name.lower() not in _FOLLOWED:
            raise UnsupportedError(f"JSON SerDe property {name}")
    lenient = table.serde_parameters.get("ignore.malformed.json", "false").lower() == "true"

    def read(line: str) -> list[Any]:
        try:
            parsed = json.loads(line, parse_int=_Number, parse_float=_Number)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            if lenient:
                return [None] * len(table.columns)
            raise BadDataError(f"Error Parsing a column in the table: Row is not a valid JSON Object: {line[:200]}")
        folded = {key.lower(): value for key, value in parsed.items()}
        return [_value(name, folded.get(name), kind) for name, kind in table.columns]

    return read


def _value(name: str, value: Any, kind: Type) -> Any:
    if value is None:
        return None
    converted = _CONVERSIONS.get(kind.name, _none)(name, value, kind)
    if converted is None:
        shown = json.dumps(value) if not isinstance(value, _Number) else value
        raise UnsupportedError(f"JSON value {shown[:100]} for column {name} of type {kind}")
    return converted


def _none(_name: str, _value: Any, _kind: Type) -> Any:
    return None


def _text(_name: str, value: Any, kind: Type) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return None
    return value[: kind.size[0]] if kind.size else str(value)


def _integer(_name: str, value: Any, kind: Type) -> int | None:
    if not isinstance(value, _Number) or not value.lstrip("-").isdigit():
        return None
    number = int(value)
    bound = 1 << BITS[kind.name] - 1
    return number if -bound <= number < bound else None


def _float(_name: str, value: Any, _kind: Type) -> float | None:
    return float(value) if isinstance(value, _Number) else None


def _decimal(_name: str, value: Any, kind: Type) -> Decimal | None:
    if not isinstance(value, _Number):
        return None
    precision, scale = kind.size
    try:
        number = Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return number if abs(number) < Decimal(10) ** (precision - scale) else None


def _boolean(_name: str, value: Any, _kind: Type) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(_name: str, value: Any, _kind: Type) -> date | None:
    return date.fromisoformat(value) if _is_text(value) and _DATE.fullmatch(value) else None


def _timestamp(_name: str, value: Any, _kind: Type) -> datetime | None:
    return datetime.fromisoformat(value) if _is_text(value) and _TIMESTAMP.fullmatch(value) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, _Number)


def _array(name: str, value: Any, kind: Type) -> list[Any] | None:
    return [_value(name, item, kind.args[0]) for item in value] if isinstance(value, list) else None


def _map(name: str, value: Any, kind: Type) -> list[tuple[Any, Any]] | None:
    if not isinstance(value, dict) or kind.args[0].name != "varchar":
        return None
    return [(key, _value(name, item, kind.args[1])) for key, item in value.items()]


def _row(name: str, value: Any, kind: Type) -> Mapping[str, Any] | None:
    if not isinstance(value, dict):
        return None
    folded = {key.lower(): item for key, item in value.items()}
    fields = zip(field_names(kind), kind.args, strict=True)
    return {field: _value(f"{name}.{field}", folded.get(field.lower()), argument) for field, argument in fields}


_CONVERSIONS: dict[str, Callable[[str, Any, Type], Any]] = {
    "varchar": _text,
    "tinyint": _integer,
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "real": _float,
    "double": _float,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "array": _array,
    "map": _map,
    "row": _row,
}
