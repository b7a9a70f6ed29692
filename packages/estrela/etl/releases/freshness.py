"""Age of the data that readers see, per table, from the raw layer and the current release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from estrela.etl.releases.manifests import Manifests
from estrela.model.freshness import Freshness
from estrela.model.mart import Mart
from estrela.model.source import Source
from estrela.model.star import Star
from estrela.model.table import Dimension, Fact


class Cause(StrEnum):
    """The reason why data is too old."""

    UNANSWERED = "unanswered"
    """The source did not answer, or no extract ran."""
    WITHHELD = "withheld"
    """The source answered, but readers do not see its new data."""
    ROLLED_BACK = "rolled back"
    """The source answered, but readers see an older release after a rollback."""
    SILENT = "silent"
    """The source answers without new data."""


@dataclass(frozen=True)
class SourceAge:
    """Times (UTC) that describe the age of a source's data; None means never.

    ``answered_at``: it last answered all requests. ``news_at``: its newest data was received. ``withheld_since``: the
    oldest data was received that readers do not see, for the ``reason``, or because the release ``rolled_back`` has it.
    """

    answered_at: datetime | None = None
    news_at: datetime | None = None
    withheld_since: datetime | None = None
    reason: str = ""
    rolled_back: int = 0


@dataclass(frozen=True)
class Overdue:
    """A source whose data is too old: it was ``due`` within ``allowed`` after ``last``, which is None for never.

    ``reason`` is why its data is withheld, or the number of the release that was rolled back.
    """

    source: str
    cause: Cause
    last: datetime | None
    allowed: timedelta
    due: datetime
    reason: str = ""


class Received(Protocol):
    """The methods of the raw layer that are used here."""

    def version(self, source: str) -> int:
        """Return the newest version of a source's log."""

    def received_at(self, source: str, version: int) -> datetime | None:
        """Return when a version of a source's log was received."""

    def answered_at(self, source: str) -> datetime | None:
        """Return when a source last answered all requests."""


def source_ages(star: Star, raw: Received, manifests: Manifests) -> dict[str, SourceAge]:
    """Return the age of each source of ``star``, by its name in the raw layer."""
    published, reasons, rolled_back = _published(manifests)
    held_back = {source.raw_name: reasons[source.name] for source in star.sources if source.name in reasons}
    ages = {name: _age(name, raw, published.get(name, 0)) for name in star.raw_names}
    return {
        name: replace(age, reason=held_back.get(name, ""), rolled_back=rolled_back) if age.withheld_since else age
        for name, age in ages.items()
    }


def overdue_sources(
    star: Star, ages: Mapping[str, SourceAge], watched_since: datetime, now: datetime
) -> dict[str, Overdue]:
    """Return the sources of ``star`` whose data is too old at ``now``, by name.

    The allowed time for an event that never happened starts at ``watched_since``, the first check of this star.
    """
    outcomes = {source.name: _overdue(source, ages[source.raw_name], watched_since, now) for source in star.sources}
    return {name: overdue for name, overdue in outcomes.items() if overdue}


def stale_tables(star: Star, overdue: Mapping[str, Overdue]) -> dict[str, Overdue]:
    """Return the stale tables and marts of ``star`` by name, each with the source in ``overdue`` that was due first."""
    stale: dict[str, Overdue] = {}
    for table in (*star.tables, *star.marts):
        causes = [overdue[name] for name in sorted(_sources_of(table)) if name in overdue]
        if causes:
            stale[table.name] = min(causes, key=lambda cause: cause.due)
    return stale


def _published(manifests: Manifests) -> tuple[Mapping[str, int], Mapping[str, str], int]:
    """Return the raw versions that readers see, the reasons of held-back sources, and the rolled-back release."""
    pointer, _ = manifests.pointer()
    if pointer is None:
        return {}, {}, 0
    release = manifests.read(pointer.release_id)
    if pointer.latest_id > pointer.release_id:
        return release.raw, {}, pointer.latest_id
    # A publish without changes creates no release but advances the watermark.
    return manifests.watermark().get("raw", release.raw), release.held_back, 0


def _age(name: str, raw: Received, published: int) -> SourceAge:
    newest = raw.version(name)
    withheld = raw.received_at(name, published + 1) if published < newest else None
    return SourceAge(raw.answered_at(name), raw.received_at(name, newest) if newest else None, withheld)


def _overdue(source: Source, age: SourceAge, watched_since: datetime, now: datetime) -> Overdue | None:
    limits: Freshness = source.freshness
    looked = [(Cause.UNANSWERED, age.answered_at, limits.answered_within)]
    if age.withheld_since:
        cause = Cause.ROLLED_BACK if age.rolled_back else Cause.WITHHELD
        looked.append((cause, age.withheld_since, limits.answered_within))
    if limits.news_within:
        looked.append((Cause.SILENT, age.news_at, limits.news_within))
    reason = str(age.rolled_back or age.reason)
    candidates = [
        Overdue(source.name, cause, last, allowed, (last or watched_since) + allowed, reason)
        for cause, last, allowed in looked
    ]
    late = [candidate for candidate in candidates if candidate.due < now]
    return min(late, key=lambda candidate: candidate.due, default=None)


def _sources_of(table: Dimension | Fact | Mart) -> set[str]:
    """Return the names of the sources that a table is made from, including those of the tables that it uses."""
    if isinstance(table, Mart):
        return set().union(*map(_sources_of, table.uses))
    own = {source.name for source in table.sources}
    uses: Iterable[Dimension] = [lookup.dimension for lookup in table.lookups] if isinstance(table, Fact) else ()
    return own.union(*map(_sources_of, uses))
