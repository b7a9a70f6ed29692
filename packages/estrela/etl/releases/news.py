"""Whether raw or code differ from what a star's tables were made from."""

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


def has_news(manifests: Manifests, versions: Mapping[str, int]) -> bool:
    """Return whether the newest publish was made from other raw versions, or by other code than Glue has now."""
    return manifests.watermark() != {"raw": dict(versions), "digests": manifests.code()}
