"""News: differences of raw, code or the current release from what the newest publish left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from estrela.etl.accounts.quarantine import Quarantine
from estrela.etl.releases.manifests import Manifests

QUARANTINE = "(quarantine)"
"""Stands beside the names of sources, of which none has parentheses."""


class Versioned(Protocol):
    """The part of the raw layer that is asked here."""

    def version(self, source: str) -> int:
        """Return the version of a source's log; 0 before anything was received."""


def raw_versions(raw: Versioned, sources: Iterable[str], quarantine: Quarantine) -> dict[str, int]:
    """Return the version of every source's log, and the number of decisions on files as that of the quarantine."""
    return {**{source: raw.version(source) for source in sources}, QUARANTINE: len(quarantine.decisions())}


def changed_sources(manifests: Manifests, versions: Mapping[str, int]) -> list[str]:
    """Return the names of the sources whose raw version is another than the newest publish was made from."""
    before = manifests.watermark().get("raw", {})
    return [name for name, version in versions.items() if before.get(name) != version]


def has_news(manifests: Manifests, versions: Mapping[str, int]) -> bool:
    """Return whether there is anything to do: other raw versions, other code, or another release than was published.

    The last one is so after a rollback, or where the pointer to the current release was lost: a run then restores the
    pointer, but does not show again what was rolled back. Raises SettingsError if the current release has no manifest.
    """
    current = manifests.current()
    now = {"raw": dict(versions), "digests": manifests.code(), "release": current.number if current else 0}
    return manifests.watermark() != now
