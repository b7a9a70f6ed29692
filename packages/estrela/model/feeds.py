"""All feeds, found in the modules of the packages below ``estrela.feeds``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator

from estrela.errors import DefinitionError
from estrela.model.feed import Feed

FEEDS = "estrela.feeds"
"""The package that holds the feeds; named, not imported, since what it declares imports this package."""


def feeds() -> dict[str, Feed]:
    """Return every declared feed by name. Raises DefinitionError if two contradict each other."""
    return assembled(_declared())


def assembled(declared: Iterable[Feed]) -> dict[str, Feed]:
    """Return ``declared`` by name. Raises DefinitionError if two share a name, a target or a place in S3."""
    found: dict[str, Feed] = {}
    for one in declared:
        for other in found.values():
            if other is not one:
                _require_apart(one, other)
        found[one.name] = one
    return found


def _require_apart(one: Feed, other: Feed) -> None:
    where = f"Feed({one.name!r})"
    if one.name == other.name:
        raise DefinitionError(where, "two feeds have this name")
    if one.target == other.target:
        raise DefinitionError(where, f"feed {other.name!r} has the same target {one.target}")
    prefixes = sorted((one.origin.prefix, other.origin.prefix))
    if one.origin.bucket == other.origin.bucket and prefixes[1].startswith(prefixes[0]):
        problem = f"prefix {one.origin.prefix!r} and {other.origin.prefix!r} of feed {other.name!r} contain each other"
        raise DefinitionError(where, problem)


def _declared() -> Iterator[Feed]:
    package = importlib.import_module(FEEDS)
    for module in pkgutil.walk_packages(package.__path__, f"{FEEDS}."):
        declared = vars(importlib.import_module(module.name))
        yield from (value for _, value in sorted(declared.items()) if isinstance(value, Feed))
