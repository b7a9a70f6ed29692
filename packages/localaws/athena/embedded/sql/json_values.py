"""Conversion of values to JSON text and back, as Trino's casts do it."""

from __future__ import annotations

import json
import math
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from localaws.athena.embedded.sql.json_text import Number, dump, load
from localaws.athena.embedded.sql.render import scientific_text
from localaws.athena.types.double_text import double_text

_RANGES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


def _refused(text: str, kind: str) -> ValueError:
    return ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast '{text[:100]}' to {kind}")


def _scalar(text: str, kind: str) -> str | bool | None:
    """A string, the text of a number, a boolean or None; raise ValueError for an object or array."""
    value = load(text)
    if isinstance(value, (dict, list)):
        raise _refused(text, kind)
    return value  # type: ignore[return-value]


def to_integer(text: str, kind: str) -> int | None:
    """CAST(json AS bigint) and narrower integers: a fraction is rounded, half away from zero."""
    value = _scalar(text, kind)
    if value is None:
        return None
    try:
        number = Decimal(int(value)) if isinstance(value, bool) else Decimal(value.strip())
        if not isinstance(value, Number) and not isinstance(value, bool) and number != number.to_integral_value():
            raise _refused(text, kind)
        whole = int(number.quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, OverflowError):
        raise _refused(text, kind) from None
    if not -(1 << _RANGES[kind]) <= whole < 1 << _RANGES[kind]:
        raise _refused(text, kind)
    return whole


def to_double(text: str) -> float | None:
    """CAST(json AS double)."""
    value = _scalar(text, "double")
    try:
        return None if value is None else float(value)
    except ValueError:
        raise _refused(text, "double") from None


def to_boolean(text: str) -> bool | None:
    """CAST(json AS boolean): a number is true unless it is zero."""
    value = _scalar(text, "boolean")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Number):
        return float(value) != 0
    if value.lower() in ("true", "t", "1"):
        return True
    if value.lower() in ("false", "f", "0"):
        return False
    raise _refused(text, "boolean")


def to_decimal(text: str, precision: int, scale: int) -> str | None:
    """CAST(json AS decimal(p, s)), half up."""
    value = _scalar(text, f"decimal({precision},{scale})")
    if value is None:
        return None
    try:
        number = Decimal(int(value) if isinstance(value, bool) else value)
        rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        raise _refused(text, f"decimal({precision},{scale})") from None
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise _refused(text, f"decimal({precision},{scale})")
    return format(rounded, "f")


def to_varchar(text: str) -> str | None:
    """CAST(json AS varchar): a fraction is printed as a double."""
    value = _scalar(text, "varchar")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Number) and not value.lstrip("-").isdigit():
        return scientific_text(float(value))
    return None if value is None else str(value)


def _part(value: object) -> str | None:
    return None if value is None else dump(value, ordered=False)


def items(text: str, kind: str) -> list[str | None] | None:
    """The JSON of each element of an array."""
    value = load(text)
    if value is not None and not isinstance(value, list):
        raise ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast to {kind}. Expected a json array, but got {text[:100]}")
    return None if value is None else [_part(item) for item in value]


def members(text: str, kind: str) -> list[dict[str, str | None]] | None:
    """The keys of an object, each with the JSON of its value."""
    value = load(text)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast to {kind}. Expected a json object, but got {text[:100]}")
    return None if value is None else [{"k": key, "v": _part(item)} for key, item in value.items()]


def fields(text: str, names: list[str], kind: str) -> list[str | None] | None:
    """The JSON of a row's fields: by position from an array, by name from an object, ignoring case."""
    value = load(text)
    if isinstance(value, list) and len(value) == len(names):
        return [_part(item) for item in value]
    if isinstance(value, dict):
        folded = {key.lower(): item for key, item in value.items()}
        return [_part(folded.get(name.lower())) for name in names]
    if value is None:
        return None
    raise ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast to {kind}. Expected a json array or object of its fields")


def quoted(text: str) -> str:
    """A JSON string."""
    return json.dumps(text, ensure_ascii=False)


def of_double(value: float) -> str:
    """A number as in CAST(double AS json); NaN and infinities are strings."""
    text = double_text(value)
    return text if math.isfinite(value) else f'"{text}"'


def of_real(value: float) -> str:
    """The same for a real."""
    text = double_text(value, single=True)
    return text if math.isfinite(value) else f'"{text}"'


def of_members(pairs: list[dict[str, str]]) -> str:
    """An object with these keys and JSON texts, sorted by key."""
    ordered = sorted((pair["k"], pair["v"]) for pair in pairs)
    return "{" + ",".join(f"{quoted(key)}:{item}" for key, item in ordered) + "}"
