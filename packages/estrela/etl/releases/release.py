"""A release: the snapshots and views that readers see together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from estrela.model.column import Column


@dataclass(frozen=True)
class View:
    """A view of a release: its name, its Athena SQL and its columns."""

    name: str
    sql: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Release:
    """The immutable manifest of a release.

    ``snapshots`` maps tables (``database.name``) to Iceberg snapshot IDs, ``raw`` maps sources to the version of their
    raw log, ``digests`` maps tables to the digest of the code that built them, and ``held_back`` maps sources that are
    not up to date to the reason. ``replaces`` is the release before it, or 0 if there is none. ``world`` is the origin
    of the raw data: ``production``, or the name of a stand-in.
    """

    number: int
    star: str
    run_key: str
    published_at: str
    replaces: int
    snapshots: Mapping[str, int]
    views: tuple[View, ...]
    raw: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    held_back: Mapping[str, str] = field(default_factory=dict)
    world: str = ""

    def shows_the_same(self, other: Release | None) -> bool:
        """Return whether both releases look the same to readers."""
        return other is not None and (self.snapshots, self.views) == (other.snapshots, other.views)

    def changed_tables(self, before: Release | None) -> list[str]:
        """Return the tables whose snapshot differs from that in ``before``, sorted."""
        known = before.snapshots if before else {}
        return sorted(path for path, snapshot in self.snapshots.items() if known.get(path, 0) != snapshot)

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        return asdict(self)


def release_from(value: Mapping[str, Any]) -> Release:
    """Return the release from the JSON values of :meth:`Release.to_json`."""
    views = tuple(
        View(view["name"], view["sql"], tuple(Column(**column) for column in view["columns"]))
        for view in value["views"]
    )
    return Release(**{**value, "views": views})
