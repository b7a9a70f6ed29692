"""JSON text as Trino reads and writes it, where that is certain."""

from __future__ import annotations

import json
import re

from localaws.athena.sql.render import double_text
from localaws.athena.sql.unsure import UnsureError


class _Number(str):
    """A JSON number as it is written."""


def _pairs(items: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(items)
    if len(found) != len(items):
        raise UnsureError("JSON object with a repeated key")
    return found


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def _load(text: str) -> object:
    return json.loads(
        text, parse_float=_Number, parse_int=_Number, object_pairs_hook=_pairs, parse_constant=_refuse_constant
    )


def _dump(value: object, *, ordered: bool) -> str:
    if isinstance(value, _Number):
        return _number_text(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if ordered else value.items()
        return "{" + ",".join(f"{_quoted(k)}:{_dump(v, ordered=ordered)}" for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(v, ordered=ordered) for v in value) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    if re.search(r"[\x00-\x07\x0b\x0e-\x1f]", text):
        raise UnsureError("control character in a JSON string")
    return json.dumps(text, ensure_ascii=False)


def _number_text(text: str) -> str:
    """Jackson may or may not keep the digits of a fraction: only texts that it prints back alike are certain."""
    if re.fullmatch(r"-?\d+", text) or double_text(float(text)) == text:
        return text
    raise UnsureError(f"JSON number {text}")


def json_parse(text: str) -> str:
    """The text that json_parse keeps: keys sorted, no spaces."""
    try:
        return _dump(_load(text), ordered=True)
    except UnsureError:
        raise
    except ValueError:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text[:100]}'") from None


def _steps(path: str) -> list[str | int]:
    found = re.findall(r'\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\["([^"\\]+)"\]', path[1:])
    return [int(index) if index else name or quoted for name, index, quoted in found]


_MISSING = object()


def _at(text: str, path: str) -> object:
    try:
        value = _load(text)
    except UnsureError:
        raise
    except ValueError:
        if text.lstrip()[:1] in ("{", "[") or re.search(r"[\s]", text.strip()):
            raise UnsureError(f"JSON path in text that is not JSON: '{text[:60]}'") from None
        return _MISSING
    for step in _steps(path):
        value = _child(value, step)
    return value


def _child(value: object, step: str | int) -> object:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step, _MISSING)
    if isinstance(value, dict) and str(step) in value:
        raise UnsureError(f"JSON path [{step}] of an object")
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return _MISSING


def json_extract(text: str, path: str) -> str | None:
    """The JSON at a path, None where there is none."""
    value = _at(text, path)
    return None if value is _MISSING else _dump(value, ordered=False)


def json_scalar(text: str, path: str) -> str | None:
    """The scalar at a path as text; None for arrays, objects and null."""
    value = _at(text, path)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str) else None


def json_size(text: str, path: str) -> int | None:
    """Members of the object or array at a path, 0 for a scalar."""
    value = _at(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, (dict, list)) else 0


def json_length(text: str) -> int | None:
    """Elements of an array, None for anything else."""
    value = _at(text, "$")
    return len(value) if isinstance(value, list) else None


def is_json_scalar(text: str) -> bool:
    """Whether the JSON is neither object nor array."""
    try:
        return not isinstance(_load(text), (dict, list))
    except UnsureError:
        raise
    except ValueError:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Invalid JSON value: '{text[:100]}'") from None


def json_to_varchar(text: str) -> str | None:
    """CAST(json AS varchar)."""
    value = _load(text)
    if isinstance(value, (dict, list)):
        raise ValueError(f"INVALID_CAST_ARGUMENT: Cannot cast '{text[:100]}' to varchar")
    if isinstance(value, _Number) and not value.lstrip("-").isdigit():
        raise UnsureError("cast of a JSON number with a fraction to varchar")
    return json_scalar(text, "$")


def json_to_bigint(text: str) -> int | None:
    """CAST(json AS bigint) of a whole number."""
    value = _load(text)
    if value is None or (isinstance(value, _Number) and value.lstrip("-").isdigit()):
        return None if value is None else int(str(value))
    raise UnsureError(f"cast of JSON {text[:60]} to an integer")


def json_to_double(text: str) -> float | None:
    """CAST(json AS double) of a number."""
    value = _load(text)
    if value is None or isinstance(value, _Number):
        return None if value is None else float(value)
    raise UnsureError(f"cast of JSON {text[:60]} to double")


def json_to_boolean(text: str) -> bool | None:
    """CAST(json AS boolean) of true or false."""
    value = _load(text)
    if value is None or isinstance(value, bool):
        return value
    raise UnsureError(f"cast of JSON {text[:60]} to boolean")
