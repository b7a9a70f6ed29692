"""The quarantine and restore steps: an operator sets a file aside or restores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from estrela.errors import SettingsError
from estrela.etl.accounts.quarantine import Decision, Quarantine
from estrela.etl.base import ETLBase, Figures
from estrela.model.star import Star

if TYPE_CHECKING:
    from estrela.etl.raw.layer import RawLayer


@dataclass(frozen=True)
class DecideOnFile(ETLBase):
    """Records the decision on the file with the sha256 ``file``; the next run of the star applies it."""

    star: Star
    raw: RawLayer
    quarantine: Quarantine
    file: str
    reason: str
    run_key: str
    is_set_aside: bool

    def run(self) -> Figures:
        """Record the decision; report the file's source and whether the decision changed anything.

        Raises SettingsError if the star never received such a file.
        """
        source = self._source()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        decision = Decision(source, self.file, self.is_set_aside, self.reason, self.run_key, now)
        changed: Mapping[str, object] = {"changed": self.quarantine.record(decision)}
        return {"source": source, "source_file": self.file, "set_aside": self.is_set_aside, **changed}

    def _source(self) -> str:
        for source in self.star.sources:
            if any(file.sha256 == self.file for file in self.raw.files(source.name)):
                return source.name
        raise SettingsError(
            "--file",
            f"star {self.star.name} has no file {self.file}; give the source_file of {self.star.name}.rejects or "
            f"{self.star.name}.files",
        )
