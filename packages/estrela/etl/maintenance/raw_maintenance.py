"""Maintenance of one source's raw layer: retention of superseded answers, and removal of unreferenced contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from estrela.etl.accounts.quarantine import accepted
from estrela.etl.raw.deliveries import wanted
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.raw.retired import AnswerId
from estrela.model.source import Source


@dataclass(frozen=True)
class RawFigures:
    """Counts of the data that maintenance of one source's raw layer removed, or would remove, and kept."""

    answers_retired: int
    orphans_removed: int
    bytes_removed: int
    data_files: int


@dataclass(frozen=True)
class RawMaintenance:
    """Retires answers and removes contents of the raw files of ``name``, which ``sources`` read.

    An answer is retired ``raw_days`` after another one superseded it, if no table needs it: neither the current tables,
    made from the files ``taken_in``, nor tables rebuilt with or without the files ``set_aside``. Contents without a
    reference are removed if they were written before ``orphans_before``, which is before the start of any active run,
    because a run stores a content before its log refers to it.
    """

    raw: RawLayer
    name: str
    sources: Sequence[Source]
    set_aside: Set[str]
    is_dry_run: bool

    def run(self, taken_in: Set[str], now: datetime, orphans_before: datetime) -> RawFigures:
        """Retire and remove, or only count in a dry run."""
        files = self.raw.files(self.name)
        retired = self._retirable(files, taken_in, now)
        if not self.is_dry_run:
            self.raw.retired(self.name).add(retired)
        named = {file.key for file in files if (file.request_id, file.version) not in retired}
        contents, count, size, left = self.raw.contents(self.name), 0, 0, 0
        for page in contents.pages():
            orphans = [content for content in page if content.key not in named and content.written_at < orphans_before]
            if not self.is_dry_run:
                contents.remove(orphans)
            count, size = count + len(orphans), size + sum(orphan.size for orphan in orphans)
            left += len(page) - len(orphans)
        return RawFigures(len(retired), count, size, left)

    def _retirable(self, files: Sequence[RawFile], taken_in: Set[str], now: datetime) -> set[AnswerId]:
        days = max(source.raw_days for source in self.sources)
        if not days:
            return set()
        needed = {(file.request_id, file.version) for file in self._needed(files)}
        needed |= {(file.request_id, file.version) for file in files if file.sha256 in taken_in | self.set_aside}
        return set(_superseded(files, now - timedelta(days=days))) - needed

    def _needed(self, files: Sequence[RawFile]) -> Iterator[RawFile]:
        """Yield the files that a rebuild would read."""
        for source in self.sources:
            yield from wanted(source, files)
            yield from wanted(source, accepted(files, self.set_aside))


def _superseded(files: Iterable[RawFile], before: datetime) -> Iterator[AnswerId]:
    """Yield the answers that were superseded by another answer to the same request before the time ``before``.

    A withdrawal has no contents, so there is nothing to retire.
    """
    answers: dict[str, dict[int, RawFile]] = {}
    for file in files:
        answers.setdefault(file.request_id, {})[file.version] = file
    for request, versions in answers.items():
        ordered = sorted(versions)
        for version, following in pairwise(ordered):
            if versions[following].fetched_at < before and not versions[version].withdrawn:
                yield request, version
