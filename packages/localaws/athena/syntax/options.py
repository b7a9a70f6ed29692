"""The WITH (...) of CTAS and UNLOAD."""

from __future__ import annotations

from collections.abc import Mapping, Set

from localaws.athena.errors import UnsupportedError
from localaws.athena.syntax.cursor import Cursor

Value = str | list[str]


def with_options(cursor: Cursor) -> dict[str, Value]:
    """Parse ``(name = 'value', name = ARRAY['a', 'b'], ...)``; names are lower-cased."""

    def item() -> tuple[str, Value]:
        name = cursor.name()
        cursor.expect("=")
        return name, _array(cursor) if cursor.accept("ARRAY") else cursor.value()

    return dict(cursor.listed(item))


def _array(cursor: Cursor) -> list[str]:
    cursor.expect("[")
    values: list[str] = []
    while not cursor.accept("]"):
        values.append(cursor.string())
        _ = cursor.accept(",")
    return values


def check_options(options: Mapping[str, Value], allowed: Set[str], what: str) -> None:
    """Raise UnsupportedError for an option that is not in ``allowed``."""
    for name in options:
        if name not in allowed:
            raise UnsupportedError(f"{what} property {name}")


def names_option(options: Mapping[str, Value], name: str) -> list[str]:
    """An option that is a list of names, in lower case; empty if it is not given."""
    value = options.get(name, [])
    return [item.lower() for item in ([value] if isinstance(value, str) else value)]
