"""JSON text as Trino reads and writes it, as far as that is certain."""

from __future__ import annotations

import json
import re

from localaws.athena.embedded.sql.unsure import UnsureError
from localaws.athena.types.double_text import double_text


class Number(str):
    """A JSON number with its original text."""


def _pairs(items: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(items)
    if len(members) != len(items):
        raise UnsureError("JSON object with a repeated key")
    return members


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def load(text: str) -> object:
    """Parse a JSON text; raise ValueError if it is not JSON."""
    return json.loads(
        text, parse_float=Number, parse_int=Number, object_pairs_hook=_pairs, parse_constant=_refuse_constant
    )


def dump(value: object, *, ordered: bool) -> str:
    """The JSON text of a value that `load` returned, without spaces; `ordered` sorts the keys of objects."""
    if isinstance(value, Number):
        return _number_text(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if ordered else value.items()
        return "{" + ",".join(f"{_quoted(k)}:{dump(v, ordered=ordered)}" for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v, ordered=ordered) for v in value) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    if re.search(r"[\x00-\x07\x0b\x0e-\x1f]", text):
        raise UnsureError("control character in a JSON string")
    return json.dumps(text, ensure_ascii=False)


def _number_text(text: str) -> str:
    """The text of a number: an integer keeps its digits, others become doubles (2.50 is 2.5, 1e3 is 1000.0)."""
    return text if re.fullmatch(r"-?\d+", text) else double_text(float(text))


def json_parse(text: str) -> str:
    """The result of json_parse: sorted keys, no spaces."""
    try:
        return dump(load(text), ordered=True)
    except UnsureError:
        raise
    except ValueError:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text[:100]}'") from None


def _steps(path: str) -> list[str | int]:
    matches = re.findall(r'\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\["([^"\\]+)"\]', path[1:])
    return [int(index) if index else name or quoted for name, index, quoted in matches]


_MISSING = object()


def _at(text: str, path: str) -> object:
    try:
        value = load(text)
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
    """The JSON at a path; None if the path does not exist."""
    value = _at(text, path)
    return None if value is _MISSING else dump(value, ordered=False)


def json_scalar(text: str, path: str) -> str | None:
    """The scalar at a path as text; None for arrays, objects and null."""
    value = _at(text, path)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str) else None


def json_size(text: str, path: str) -> int | None:
    """The number of members of the object or array at a path; 0 for a scalar."""
    value = _at(text, path)
    if value is _MISSING:
        return None
    return len(value) if isinstance(value, (dict, list)) else 0


def json_length(text: str) -> int | None:
    """The number of elements of an array; None for any other JSON."""
    value = _at(text, "$")
    return len(value) if isinstance(value, list) else None


def is_json_scalar(text: str) -> bool:
    """Return whether the JSON is neither object nor array."""
    try:
        return not isinstance(load(text), (dict, list))
    except UnsureError:
        raise
    except ValueError:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Invalid JSON value: '{text[:100]}'") from None
