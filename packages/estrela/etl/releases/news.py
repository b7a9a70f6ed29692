"""Whether raw or code differ from what a star's tables were made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from estrela.etl.releases.manifests import Manifests


class Versioned(Protocol):
    """The part of the raw layer that is asked here."""

    def version(self, source: str) -> int:
        """Return the version of a source's log; 0 before anything was received."""


def raw_versions(raw: Versioned, sources: Iterable[str]) -> dict[str, int]:
    """Return the version of every source's log."""
    return {source: raw.version(source) for source in sources}


def has_news(manifests: Manifests, raw: Versioned, sources: Iterable[str]) -> bool:
    """Return whether the newest publish was made from other raw versions, or by other code than Glue has now."""
    return manifests.watermark() != {"raw": raw_versions(raw, sources), "digests": manifests.code()}
