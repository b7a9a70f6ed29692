"""Trino's types: their names and their coercions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.sql_errors import InvalidArgumentError

MAX_PRECISION = 38


@dataclass(frozen=True)
class Type:
    """A Trino type.

    `size` is (precision, scale) of a decimal, (length,) of a bounded varchar or char, (digits,) of a timestamp or time.
    `names` are the field names of a row, None for an anonymous field. `zone` is the zone of all values of a `timestamp
    with time zone`, None if they differ.
    """

    name: str
    args: tuple[Type, ...] = ()
    size: tuple[int, ...] = ()
    names: tuple[str | None, ...] = ()
    zone: str | None = "UTC"

    def __str__(self) -> str:
        if self.name == "row":
            fields = (f"{quoted(n)} {t}" if n else str(t) for n, t in zip(self.names, self.args, strict=True))
            return f"row({', '.join(fields)})"
        if self.args:
            return f"{self.name}({', '.join(map(str, self.args))})"
        if self.name in ("timestamp with time zone", "time with time zone"):
            return f"{self.name.split()[0]}({self.size[0]}) with time zone"
        return f"{self.name}({','.join(map(str, self.size))})" if self.size else self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


Columns = tuple[tuple[str, Type], ...]
"""Names and types of the columns of a table or query."""


def quoted(name: str) -> str:
    """A field name as Trino prints it in a type: quoted unless it is a plain lower-case word."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
TINYINT, SMALLINT, INTEGER, BIGINT = Type("tinyint"), Type("smallint"), Type("integer"), Type("bigint")
REAL, DOUBLE = Type("real"), Type("double")
VARCHAR, VARBINARY, JSON, DATE = Type("varchar"), Type("varbinary"), Type("json"), Type("date")
DAY_INTERVAL, YEAR_INTERVAL = Type("interval day to second"), Type("interval year to month")

SCALARS = frozenset(
    {
        "unknown", "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "char",
        "varbinary", "json", "date", "uuid", "time", "timestamp", "timestamp with time zone",
        "interval day to second", "interval year to month",
    }
)  # fmt: skip
INTEGERS = (TINYINT, SMALLINT, INTEGER, BIGINT)
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}


def decimal(precision: int, scale: int) -> Type:
    """A decimal type; raises InvalidArgumentError for a precision or scale that Trino refuses."""
    if not (0 < precision <= MAX_PRECISION and 0 <= scale <= precision):
        raise InvalidArgumentError(
            f"DECIMAL({precision},{scale}): precision must be in range [1, {MAX_PRECISION}] and scale in range "
            f"[0, precision]"
        )
    return Type("decimal", size=(precision, scale))


def varchar(length: int) -> Type:
    """A bounded string type."""
    return Type("varchar", size=(length,))


def timestamp(digits: int = 3) -> Type:
    """A timestamp without zone, with this number of digits of a second."""
    return Type("timestamp", size=(digits,))


def timestamptz(digits: int = 3, zone: str | None = "UTC") -> Type:
    """A timestamp with time zone, whose values all have `zone`."""
    return Type("timestamp with time zone", size=(digits,), zone=zone)


def time(digits: int = 3) -> Type:
    """A time of day, with this number of digits of a second."""
    return Type("time", size=(digits,))


def array(element: Type) -> Type:
    """An array."""
    return Type("array", (element,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", (key, value))


def row(types: tuple[Type, ...], names: tuple[str | None, ...] | None = None) -> Type:
    """A row type; without names its fields are anonymous."""
    return Type("row", types, names=names or (None,) * len(types))


def field_names(kind: Type) -> list[str]:
    """The names of a row's fields in DuckDB: their own, or field0, field1, ... as Athena prints them."""
    return [name or f"field{i}" for i, name in enumerate(kind.names)]


def is_integer(kind: Type) -> bool:
    """Return whether a type is tinyint, smallint, integer or bigint."""
    return kind.name in _DIGITS


def is_float(kind: Type) -> bool:
    """Return whether a type is real or double."""
    return kind.name in ("real", "double")


def is_numeric(kind: Type) -> bool:
    """Return whether a type is an integer, decimal, real or double."""
    return is_integer(kind) or is_float(kind) or kind.name == "decimal"


def as_decimal(kind: Type) -> Type:
    """The decimal type to which an integer type widens."""
    return kind if kind.name == "decimal" else decimal(_DIGITS[kind.name], 0)


def common_type(left: Type, right: Type) -> Type | None:
    """The type to which Trino coerces both operands; None if it refuses."""
    if left == right:
        return left if left.zone == right.zone else Type(left.name, size=left.size, zone=None)
    if UNKNOWN in (left, right):
        return right if left == UNKNOWN else left
    if is_numeric(left) and is_numeric(right):
        return _common_number(left, right)
    if left.name == right.name and left.name in ("varchar", "char", "time", "timestamp", "timestamp with time zone"):
        return _wider(left, right)
    if {left.name, right.name} == {"char", "varchar"} and left.size and right.size:
        return Type("char", size=(max(left.size[0], right.size[0]),))
    if left.args and left.name == right.name and len(left.args) == len(right.args):
        return _common_nested(left, right)
    return _common_instant(left, right)


def _wider(left: Type, right: Type) -> Type:
    size = (max(left.size[0], right.size[0]),) if left.size and right.size else ()
    return Type(left.name, size=size, zone=left.zone if left.zone == right.zone else None)


def _common_number(left: Type, right: Type) -> Type:
    if is_integer(left) and is_integer(right):
        return max(left, right, key=lambda t: BITS[t.name])
    if is_float(left) or is_float(right):
        return DOUBLE if DOUBLE in (left, right) else REAL
    (p1, s1), (p2, s2) = as_decimal(left).size, as_decimal(right).size
    scale = max(s1, s2)
    return decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale), scale)


def _common_nested(left: Type, right: Type) -> Type | None:
    args = [common_type(a, b) for a, b in zip(left.args, right.args, strict=True)]
    if any(a is None for a in args):
        return None
    names = tuple(a if a == b else None for a, b in zip(left.names, right.names, strict=True))
    return Type(left.name, tuple(a for a in args if a), names=names)


def _common_instant(left: Type, right: Type) -> Type | None:
    rank = {"date": 0, "timestamp": 1, "timestamp with time zone": 2}
    if left.name not in rank or right.name not in rank:
        return None
    top, low = (left, right) if rank[left.name] > rank[right.name] else (right, left)
    digits = max(top.size[0], low.size[0] if low.size else 0)
    return Type(top.name, size=(digits,), zone=top.zone if top.zone == "UTC" else None)
