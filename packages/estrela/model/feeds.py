"""All feeds, discovered in the modules of the packages below ``estrela.feeds``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from estrela.errors import DefinitionError, bounded
from estrela.model.feed import Feed

FEEDS = "estrela.feeds"
"""The package that contains the feeds. It is a name and not an import, because the feeds import this package."""


@dataclass(frozen=True)
class FoundFeeds:
    """Feeds by name, and the errors of unreadable feeds by name of the module or feed."""

    feeds: Mapping[str, Feed]
    errors: Mapping[str, Exception]

    @property
    def problems(self) -> Mapping[str, str]:
        """Return the error of each unreadable feed, in one line."""
        return {name: f"{type(error).__name__}: {bounded(error, 1000)}" for name, error in self.errors.items()}


def feeds() -> dict[str, Feed]:
    """Return every declared feed by name. Raises the first error if a feed is unreadable or two conflict."""
    declarations = found_feeds()
    for error in declarations.errors.values():
        raise error
    return dict(declarations.feeds)


def found_feeds() -> FoundFeeds:
    """Return every readable feed. An unreadable feed does not affect others; of two conflicting feeds, neither is
    returned.
    """
    declared: list[Feed] = []
    errors: dict[str, Exception] = {}
    for name in _modules():
        try:
            held = vars(importlib.import_module(name))
        except Exception as error:  # noqa: BLE001 - kept: a module that cannot be read must not take the others with it
            errors[name.rpartition(".")[2]] = error
        else:
            declared += (value for _, value in sorted(held.items()) if isinstance(value, Feed))
    assembly = assembled(declared)
    return FoundFeeds(assembly.feeds, errors | dict(assembly.errors))


def assembled(declared: Iterable[Feed]) -> FoundFeeds:
    """Return ``declared`` by name, without feeds that share a name, a target or an S3 prefix."""
    distinct = list({id(declaration): declaration for declaration in declared}.values())
    errors: dict[str, Exception] = {}
    for other, feed in combinations(distinct, 2):
        if problem := _contradiction(feed, other):
            errors |= {name: DefinitionError(f"Feed({feed.name!r})", problem) for name in (feed.name, other.name)}
    return FoundFeeds(
        {declaration.name: declaration for declaration in distinct if declaration.name not in errors}, errors
    )


def _contradiction(feed: Feed, other: Feed) -> str:
    """Return why two feeds cannot both exist; "" if they can."""
    if feed.name == other.name:
        return "two feeds have this name"
    if feed.target == other.target:
        return f"feed {other.name!r} has the same target {feed.target}"
    prefixes = sorted((feed.origin.prefix, other.origin.prefix))
    if feed.origin.bucket == other.origin.bucket and prefixes[1].startswith(prefixes[0]):
        return f"prefix {feed.origin.prefix!r} and {other.origin.prefix!r} of feed {other.name!r} contain each other"
    return ""


def _modules() -> Iterator[str]:
    package = importlib.import_module(FEEDS)
    # A package that cannot be imported is reported under its own name; the walk only skips the modules below it.
    for module in pkgutil.walk_packages(package.__path__, f"{FEEDS}.", onerror=lambda _: None):
        yield module.name
