"""json_exists, json_value and json_query with SQL/JSON paths of members and elements.

https://trino.io/docs/current/functions/json.html#json-path-language
"""

from __future__ import annotations

import re
from functools import lru_cache

from localaws.athena.embedded.sql.json_text import Number, dump, load
from localaws.athena.embedded.sql.unsure import UnsureError
from localaws.athena.sql_errors import NotSupportedError

_PATH = re.compile(r'\s*(?:(lax|strict)\s+)?\$((?:\.[A-Za-z_]\w*|\."[^"\\]+"|\[\d+\]|\[\*\])*)\s*')
_STEP = re.compile(r'\.([A-Za-z_]\w*)|\."([^"\\]+)"|\[(\d+)\]|\[(\*)\]')
Step = str | int | None


class _StructureError(ValueError):
    """A structure that a strict path does not allow."""


def check_path(path: str) -> None:
    """Raise NotSupportedError for a path with anything but members and elements."""
    if not _PATH.fullmatch(path):
        raise NotSupportedError(f"JSON path '{path[:100]}'")


@lru_cache(maxsize=1000)
def _parsed(path: str) -> tuple[bool, tuple[Step, ...]]:
    """Return whether the path is lax, and its steps: a member's name, an element's index, or None for all elements."""
    match = _PATH.fullmatch(path)
    assert match is not None
    matches = _STEP.findall(match[2])
    steps = tuple(None if every else int(place) if place else name or quoted for name, quoted, place, every in matches)
    return match[1] != "strict", steps


def _items(text: str, path: str) -> list[object] | None:
    """Return the items that the path selects; None if the text is not JSON or violates a strict path."""
    lax, steps = _parsed(path)
    try:
        items = [load(text)]
        for step in steps:
            items = [selected for item in items for selected in _selected(item, step, lax=lax)]
    except UnsureError:
        raise
    except ValueError:
        return None
    return items


def _selected(item: object, step: Step, *, lax: bool) -> list[object]:
    if isinstance(step, str):
        if lax and isinstance(item, list):
            return [member for element in item for member in _member(element, step, lax=lax)]
        return _member(item, step, lax=lax)
    elements = item if isinstance(item, list) else [item] if lax else None
    if elements is None:
        raise _StructureError("an element of a value that is not an array")
    if step is None:
        return elements
    if step >= len(elements) and not lax:
        raise _StructureError("an element beyond the end")
    return elements[step : step + 1]


def _member(item: object, name: str, *, lax: bool) -> list[object]:
    if isinstance(item, dict) and name in item:
        return [item[name]]
    if lax:
        return []
    raise _StructureError("a missing member")


def exists(text: str, path: str) -> bool:
    """json_exists, FALSE ON ERROR."""
    return bool(_items(text, path))


def value(text: str, path: str) -> str | None:
    """json_value, NULL ON EMPTY and NULL ON ERROR: the only scalar, as text."""
    items = _items(text, path)
    if items is None or len(items) != 1 or isinstance(items[0], (dict, list)):
        return None
    (item,) = items
    if isinstance(item, bool):
        return str(item).lower()
    return None if item is None else str(item)


def query(text: str, path: str, wrapped: bool, bare: bool) -> str | None:
    """json_query, NULL ON EMPTY and NULL ON ERROR: the only item, or all items in an array; `bare` omits quotes."""
    items = _items(text, path)
    if items is None or (not wrapped and len(items) != 1) or not items:
        return None
    if wrapped:
        return dump(items, ordered=False)
    (item,) = items
    plain = bare and isinstance(item, str) and not isinstance(item, Number)
    return str(item) if plain else dump(item, ordered=False)
