"""News: changes of raw data, code or the current release since the newest publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from estrela.etl.accounts.quarantine import Quarantine
from estrela.etl.releases.manifests import Manifests

QUARANTINE = "(quarantine)"
"""Key of the quarantine among the names of sources, which never contain parentheses."""


class Versioned(Protocol):
    """The method of the raw layer that is used here."""

    def version(self, source: str) -> int:
        """Return the version of a source's log, or 0 before the first answer."""


def raw_versions(raw: Versioned, sources: Iterable[str], quarantine: Quarantine) -> dict[str, int]:
    """Return the version of every source's log, and as version of the quarantine the number of its decisions."""
    return {**{source: raw.version(source) for source in sources}, QUARANTINE: len(quarantine.decisions())}


def changed_sources(manifests: Manifests, versions: Mapping[str, int]) -> list[str]:
    """Return the names of the sources whose raw version differs from that of the newest publish."""
    before = manifests.watermark().get("raw", {})
    return [name for name, version in versions.items() if before.get(name) != version]


def has_news(manifests: Manifests, versions: Mapping[str, int]) -> bool:
    """Return whether raw versions, code, or the current release differ from the newest publish.

    The current release differs after a rollback, or if its pointer was lost. A run then restores a lost pointer, but
    does not publish a rolled-back release again. Raises SettingsError if the current release has no manifest.
    """
    current = manifests.current()
    now = {"raw": dict(versions), "digests": manifests.code(), "release": current.number if current else 0}
    return manifests.watermark() != now
