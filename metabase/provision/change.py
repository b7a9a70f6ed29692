"""Differences between declared and stored objects, and the changes that follow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from estrela.errors import bounded

SHOWN = 12
"""Maximum number of differences per object that are printed; the others are only counted."""
Action = Literal["create", "update", "restore", "archive"]


@dataclass(frozen=True)
class Difference:
    """One value, at a ``path`` inside an object: ``stored`` and ``wanted``; None means that it is absent."""

    path: str
    stored: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.stored)} -> {_shown(self.wanted)}"


@dataclass(frozen=True)
class Change:
    """One object that differs from its declaration."""

    action: Action
    kind: str
    name: str
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        """Return a line for the object, and one for each of the first differences."""
        shown = [f"    {difference}" for difference in self.differences[:SHOWN]]
        rest = len(self.differences) - SHOWN
        more = [f"    and {rest} more"] if rest > 0 else []
        return "\n".join((f"{self.action} {self.kind} {self.name!r}", *shown, *more))


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return all values in which two objects differ; an empty value equals an absent one."""
    return tuple(_walk("", stored, wanted))


def _walk(path: str, stored: Any, wanted: Any) -> Iterator[Difference]:
    if isinstance(stored, Mapping) and isinstance(wanted, Mapping):
        for key in sorted(stored.keys() | wanted.keys()):
            yield from _walk(f"{path}.{key}" if path else key, stored.get(key), wanted.get(key))
    elif not (_empty(stored) and _empty(wanted)) and stored != wanted:
        yield Difference(path, stored, wanted)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict | tuple) and not value)


def _shown(value: Any) -> str:
    return "nothing" if _empty(value) else bounded(json.dumps(value, ensure_ascii=False), 120)
