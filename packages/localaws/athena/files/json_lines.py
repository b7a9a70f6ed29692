"""JSON lines: Hive's and OpenX's JsonSerDe.

A JSON value is read only if both SerDes convert it to the same column value; otherwise the query fails with an error
that contains the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.types.trino import BITS, Type, field_names

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?")


class _Number(str):
    """A number with its original text."""

    __slots__ = ()


@dataclass(frozen=True)
class _Keys:
    """Normalization of keys of objects: to lower case, and dots to underscores."""

    folded: bool = True
    dots: bool = False

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The members of an object; raise BadDataError for a duplicate key."""
        members: dict[str, Any] = {}
        for key, value in pairs:
            name = key.lower() if self.folded else key
            name = name.replace(".", "_") if self.dots else name
            if name in members:
                raise BadDataError(f'Row is not a valid JSON Object - JSONException: Duplicate key "{key[:100]}"')
            members[name] = value
        return members


class _Object(list[tuple[str, Any]]):
    """The members of a JSON object, in their original order."""


def json_reader(table: HiveTable) -> Callable[[str], list[Any]]:
    """Return a function that reads a line into the columns' values; raise UnsupportedError for unsupported settings."""
    settings = table.serde_parameters
    keys = _Keys(folded=_switch(settings, "case.insensitive", "true"), dots=_switch(settings, "dots.in.keys", "false"))
    names = [_key(settings, name, keys) for name, _ in table.columns]
    lenient = _switch(settings, "ignore.malformed.json", "false")

    def read(line: str) -> list[Any]:
        try:
            parsed = json.loads(line, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Object)
        except ValueError:
            parsed = None
        if not isinstance(parsed, _Object):
            if lenient:
                return [None] * len(table.columns)
            raise BadDataError(f"Error Parsing a column in the table: Row is not a valid JSON Object: {line[:200]}")
        members = keys.members(parsed)
        columns = zip(names, table.columns, strict=True)
        return [_value(_Place(column, kind, keys), members.get(name)) for name, (column, kind) in columns]

    return read


def _switch(settings: Mapping[str, str], name: str, default: str) -> bool:
    return settings.get(name, default).strip().lower() == "true"


def _key(settings: Mapping[str, str], column: str, keys: _Keys) -> str:
    """The key of a column's value: the column's name, or the property `mapping.<column>`."""
    key = settings.get(f"mapping.{column}", column)
    if keys.folded and key != key.lower():
        raise UnsupportedError(f"SerDe property mapping.{column} = {key!r} with case.insensitive not FALSE")
    return key


@dataclass(frozen=True)
class _Place:
    """The column, or part of a column, that receives a value."""

    name: str
    kind: Type
    keys: _Keys

    def inner(self, kind: Type, name: str = "") -> _Place:
        return replace(self, kind=kind, name=f"{self.name}.{name}" if name else self.name)


def _value(place: _Place, value: Any) -> Any:
    if value is None:
        return None
    converted = _CONVERSIONS.get(place.kind.name, _none)(place, value)
    if converted is None:
        shown = value if isinstance(value, _Number) else json.dumps(_plain(value))
        raise UnsupportedError(f"JSON value {shown[:100]} for column {place.name} of type {place.kind}")
    return converted


def _plain(value: Any) -> Any:
    if isinstance(value, _Object):
        return {key: _plain(item) for key, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _none(_place: _Place, _value: Any) -> Any:
    return None


def _text(place: _Place, value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return None
    if _SURROGATE.search(value):
        raise BadDataError(
            f"JSON text of column {place.name} contains half of a surrogate pair: {json.dumps(value)[:100]}"
        )
    return value[: place.kind.size[0]] if place.kind.size else str(value)


def _integer(place: _Place, value: Any) -> int | None:
    if not isinstance(value, _Number) or not value.lstrip("-").isdigit():
        return None
    number = int(value)
    bound = 1 << BITS[place.kind.name] - 1
    return number if -bound <= number < bound else None


def _float(_place: _Place, value: Any) -> float | None:
    return float(value) if isinstance(value, _Number) else None


def _decimal(place: _Place, value: Any) -> Decimal | None:
    if not isinstance(value, _Number):
        return None
    precision, scale = place.kind.size
    try:
        number = Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return number if abs(number) < Decimal(10) ** (precision - scale) else None


def _boolean(_place: _Place, value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(_place: _Place, value: Any) -> date | None:
    return date.fromisoformat(value) if _is_text(value) and _DATE.fullmatch(value) else None


def _timestamp(_place: _Place, value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if _is_text(value) and _TIMESTAMP.fullmatch(value) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, _Number)


def _array(place: _Place, value: Any) -> list[Any] | None:
    if not isinstance(value, list) or isinstance(value, _Object):
        return None
    return [_value(place.inner(place.kind.args[0]), item) for item in value]


def _map(place: _Place, value: Any) -> list[tuple[Any, Any]] | None:
    if not isinstance(value, _Object) or place.kind.args[0].name != "varchar":
        return None
    if len(dict(value)) != len(value) or any(_SURROGATE.search(key) for key, _ in value):
        keys = json.dumps([key for key, _ in value])
        raise BadDataError(
            f"JSON object of column {place.name} has a duplicate key or half of a surrogate pair: {keys[:100]}"
        )
    return [(key, _value(place.inner(place.kind.args[1]), item)) for key, item in value]


def _row(place: _Place, value: Any) -> Mapping[str, Any] | None:
    if not isinstance(value, _Object):
        return None
    members = place.keys.members(value)
    fields = zip(field_names(place.kind), place.kind.args, strict=True)
    return {field: _value(place.inner(kind, field), members.get(field.lower())) for field, kind in fields}


_CONVERSIONS: dict[str, Callable[[_Place, Any], Any]] = {
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
