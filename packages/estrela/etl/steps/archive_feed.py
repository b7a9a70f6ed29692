"""Moves the settled files of one feed to the archive."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.base import ETLBase, Figures
from estrela.etl.loaders.archive import Archive
from estrela.model.feed import Feed


@dataclass(frozen=True)
class ArchiveFeed(ETLBase):
    """Archives the files of ``feed``: a step of its own, whose retries load nothing again."""

    feed: Feed
    archive: Archive

    def run(self) -> Figures:
        """Move what is done or filtered out. Raises LoadError; what was moved before stays moved."""
        return {"feed": self.feed.name, "archived": self.archive.archive(self.feed)}
