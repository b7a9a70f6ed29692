"""The step that moves the settled files of a feed to the archive."""

from __future__ import annotations

from dataclasses import dataclass

from estrela.etl.base import ETLBase, Figures
from estrela.etl.loaders.archive import Archive
from estrela.model.feed import Feed


@dataclass(frozen=True)
class ArchiveFeed(ETLBase):
    """Archives the files of ``feed``. It is a step of its own, so that its retries do not load files again."""

    feed: Feed
    archive: Archive

    def run(self) -> Figures:
        """Move files that are Done or Filtered Out. Raises LoadError; files already moved stay in the archive."""
        return {"feed": self.feed.name, "archived": self.archive.archive(self.feed)}
